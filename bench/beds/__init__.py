"""Sets of documents by kind, mostly from packages and from what a machine has: what is right, and what is wrong."""
