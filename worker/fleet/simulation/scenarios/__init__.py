"""A scenario: its YAML file, its parts, and what is wrong with it."""
