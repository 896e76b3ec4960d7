"""The commands about a home: its files, their fate, and their text taken along."""
