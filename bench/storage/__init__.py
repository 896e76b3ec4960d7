"""The rows about what is stored: how often, how much."""
