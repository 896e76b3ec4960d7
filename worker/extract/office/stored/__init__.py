"""Older formats before their conversion: what a file has stored stays, and what was deleted in it goes."""
