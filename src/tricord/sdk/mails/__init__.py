"""Mails become messages: for every connector that reads a mailbox, whatever its protocol."""
