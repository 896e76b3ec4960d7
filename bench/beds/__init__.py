"""Sets of documents by kind, mostly from packages that nobody here made: what is right, and what is wrong."""
