"""Sets of documents by kind, from packages and from what a machine has: what is right, and what is wrong."""
