"""How Stripe talks HTTP: forms in, JSON out, keys, cursors, searches and errors."""
