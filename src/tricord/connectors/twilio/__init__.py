"""Twilio: text messages and phone calls."""
