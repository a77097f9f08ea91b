"""The account: its numbers, what is sent, said and recorded, and the carriers behind it."""
