"""Office documents that are one XML file and no archive."""
