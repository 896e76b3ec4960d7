"""Waiting for changes of the folders that a user has ingested."""
