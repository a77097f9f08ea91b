"""The pages: what each shows, read in one transaction. How it looks is in the templates."""
