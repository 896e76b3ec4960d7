"""How a function is shown in a profile: its file from its package on, and its name."""

from __future__ import annotations

import sys
from functools import cache
from types import CodeType

_PACKAGES = ("/site-packages/", "/dist-packages/", "/lib-dynload/")


def function_label(path: str, name: str) -> str:
    """A function of a file: `worker/attempt.py:Attempt.run`."""
    for folder in _PACKAGES:
        if folder in path:
            return f"{path.rpartition(folder)[2]}:{name}"
    roots = [root.rstrip("/") for root in sys.path if root and path.startswith(f"{root.rstrip('/')}/")]
    longest = max(roots, key=len, default="")
    return f"{path[len(longest) + 1 :] if longest else path}:{name}"


@cache
def code_label(code: CodeType) -> str:
    """The function that a code object is of."""
    return function_label(code.co_filename, code.co_qualname)
