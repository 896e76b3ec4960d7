"""`scripts/test`: parse, then print a list or run the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from scripts.suite.modules import ModuleTests
from scripts.suite.options import parse
from scripts.suite.place import PASSED, REFUSED, RefusedError, say
from scripts.suite.run import run


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    options = parse(arguments)
    try:
        if options.lists_modules:
            return _list_modules()
        return run(options)
    except RefusedError as error:
        sys.stdout.flush()
        for line in error.lines:
            sys.stderr.write(f"scripts/test: {line}\n")
        return REFUSED


def _list_modules() -> int:
    try:
        for name, count in ModuleTests().counts().items():
            say(f"{name}\t{count}")
    except BrokenPipeError:  # `| head` has what it wanted; Python would flush once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PASSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
