"""OCRed files as searchable PDF: what is drawn, and over it the text that was read, invisibly."""
