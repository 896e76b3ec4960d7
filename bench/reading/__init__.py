"""Pages like those that people have, for the row `real`: a white paper, photographs, tables, receipts."""
