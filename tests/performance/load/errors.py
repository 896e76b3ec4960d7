"""What ends a load run before it begins: said in one line, without a traceback."""

from __future__ import annotations


class LoadError(Exception):
    """The run cannot begin; the message says what is wrong with what, and what to do."""
