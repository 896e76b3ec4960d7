"""Pages like those that people have: a white paper, photographs, tables, forms, receipts, short pages."""
