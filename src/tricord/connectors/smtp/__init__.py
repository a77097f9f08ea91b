"""SMTP: messages to people, handed to any mail server."""
