"""`python -m fuzz`: FUZZ_S seconds (600) of damaged files.

FUZZ_SEED=seed repeats a run, FUZZ_SEED=seed:number one case of it, in the same version of the corpus.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rich.console import Console

from fuzz.campaign import Report, campaign

_FAILURES = Path("fuzz-failures")


def _print(report: Report, console: Console) -> None:
    console.print(f"{report.cases} cases, the slowest took {report.slowest_s:.1f} s")
    console.print(f"memory of the parent: {report.memory_mb[0]:.0f} MB, then {report.memory_mb[1]:.0f} MB")
    for label, count in report.outcomes.most_common():
        console.print(f"{count:7} {label}", markup=False)
    for message, case in report.crashes.items():
        console.print(f"check {case}: {message}", markup=False)
    for fault in report.faults:
        console.print(f"FAULT {fault}", markup=False, style="bold red")


def main() -> int:
    """Run, print, and exit with 1 where the sandbox failed."""
    console = Console(width=160)
    seed, _, number = os.environ.get("FUZZ_SEED", str(time.time_ns() % 10**9)).partition(":")
    seconds = float(os.environ.get("FUZZ_S", "600"))
    console.print(f"FUZZ_SEED={seed}, {seconds:.0f} s; failing files go to {_FAILURES}/")
    report = campaign(
        seconds=seconds, seed=int(seed), failures=_FAILURES, only=int(number) if number else None
    )
    _print(report, console)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
