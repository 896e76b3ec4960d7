"""Dates, numbers and codes of a text as tokens that are the same in every form."""
