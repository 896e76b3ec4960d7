"""The text layer of a PDF page: its characters, their order, and its quality."""
