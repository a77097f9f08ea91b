"""Everything durable: one schema over SQLite or PostgreSQL. All SQL of the product is here."""
