"""Test beds of files that a machine has: lists with their hashes, the files stay where they are."""
