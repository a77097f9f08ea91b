"""The pages a person sees: the phones of clients, and what they do with them."""
