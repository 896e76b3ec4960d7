"""Readers: a path in, a value out; no network, no settings; loaded by the document process only."""
