"""Schema revisions, carried out by Alembic when the program is newer than the database."""
