"""Whole buckets and the whole ledger, page by page, and many events at once: for operators' commands."""
