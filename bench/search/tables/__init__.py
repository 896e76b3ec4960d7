"""The words that the files are made of, and those that are sought."""
