"""The search index: what is written for a document, and how it is found again."""
