"""Readers: a path in, a value out; no network, no settings.

Only the document process loads the readers; their options, versions and keys are values the worker uses, too.
"""
