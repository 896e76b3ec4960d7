"""Damaged files by the thousand through the real sandbox; not part of the worker."""
