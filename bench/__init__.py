"""Measurements of the whole worker beside what it is measured against: `python -m bench [ROW ...]`."""
