"""Home mode: a user's files through the same worker, with a folder as the system of record."""
