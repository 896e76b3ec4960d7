"""Generated pages of the kinds that offices file: tables, forms, receipts, short turned pages."""
