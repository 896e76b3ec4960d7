"""The text layer of a PDF page: its characters, their order, and whether it can be accepted."""
