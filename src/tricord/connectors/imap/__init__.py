"""IMAP: the mails of a mailbox, received and sent, read without leaving a trace in it."""
