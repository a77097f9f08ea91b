"""Twilio in a box."""

from tricord.sandbox.twilio.box import TwilioBox

__all__ = ["TwilioBox"]
