"""The door for machines: webhooks in, and health."""
