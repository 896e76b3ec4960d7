"""The dead-letter queue: read without losing a message, redriven, purged."""
