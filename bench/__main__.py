"""`python -m bench [ROW ...]`: measure and print one table; exit 1 when a `must` is missed."""

from __future__ import annotations

import os
import platform
import sys
import time

from rich.console import Console
from rich.table import Table

from bench.figure import Figure
from bench.rows import ROWS, measure


def _print(figures: list[Figure]) -> None:
    table = Table(title=f"cis-worker on {os.cpu_count()} cores, Python {platform.python_version()}")
    for column in ("what", "figure", "must", ""):
        table.add_column(column)
    for figure in figures:
        met = {True: "met", False: "MISSED", None: ""}[figure.met]
        table.add_row(figure.what, figure.figure, figure.must, met)
    Console(width=120).print(table)


def _measure_or_note(name: str) -> list[Figure]:
    try:
        return measure(name)
    except Exception as error:  # noqa: BLE001 - a failing row must not cost the figures of the others
        failure = f"not measured: {type(error).__name__}: {error}"
        return [Figure(what=name, figure=failure, must="measured", met=False)]


def main(names: list[str]) -> int:
    """Measure the named rows, or all."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        Console(stderr=True).print(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
        return 2
    console = Console(stderr=True)
    figures: list[Figure] = []
    for name in names or ROWS:
        console.print(f"measuring {name} ...")
        began = time.monotonic()
        found = _measure_or_note(name)
        figures += found
        for one in found:
            console.print(f"  {one.what}: {one.figure}", highlight=False)
        console.print(f"measured {name} in {time.monotonic() - began:.0f} s")
    _print(figures)
    return 1 if any(figure.met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
