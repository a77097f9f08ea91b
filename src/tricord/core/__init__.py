"""The business, pure: no clock, no I/O, no randomness. Start reading at `decide`."""
