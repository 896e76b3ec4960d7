"""Where the project and its reports are, and how the runner speaks and refuses."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORTS = "reports"
JUNIT = f"{REPORTS}/junit.xml"
HTML_COVERAGE = f"{REPORTS}/coverage"

PASSED, FAILED, REFUSED = 0, 1, 2


class RefusedError(Exception):
    """The tests cannot be run as asked; each line says what is wrong and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def say(line: str) -> None:
    """Print a line at once: a child may print next."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
