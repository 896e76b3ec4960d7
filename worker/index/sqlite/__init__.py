"""The search index in one SQLite file; with its numpy only where this index is used."""
