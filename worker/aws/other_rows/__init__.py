"""Rows of the ledger's table that are no files: of the workers of a fleet, and of events that wait."""
