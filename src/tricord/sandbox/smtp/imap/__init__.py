"""The firm's mailbox over IMAP4rev1: what clients answer, and what the firm has sent."""
