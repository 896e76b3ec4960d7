"""`scripts/test`: parse, then print a list or run the tests."""

from __future__ import annotations

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
            for name, count in ModuleTests().counts().items():
                say(f"{name}\t{count}")
            return PASSED
        return run(options)
    except RefusedError as error:
        sys.stdout.flush()
        for line in error.lines:
            sys.stderr.write(f"scripts/test: {line}\n")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
