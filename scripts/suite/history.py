"""What the last runs of the tests say about them: which fail now and then, and what became slower.

    python -m scripts.suite.history FOLDER [--add REPORT] [--keep RUNS] [--slowest MODULES]

Reads the JUnit reports of a folder, one a run. A test that failed in more than 2 % of the runs it was part of
is noted; so are the newest run and its modules where they took 20 % longer than the median of the ten runs
before. These are notes for people, and never a failure: exit status 2 only for a folder that is absent or a
report that cannot be added.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from scripts.suite.github import annotate, summarise, table
from scripts.suite.junit import Run, UnreadableReportError, read_run
from scripts.suite.place import PASSED, REFUSED, say

MAX_FAILING_SHARE = 0.02
MAX_SLOWDOWN = 1.2
COMPARED_RUNS = 10
LEAST_COMPARED_RUNS = 3
"""The median of fewer runs is that of an accident."""
LEAST_MODULE_S = 10.0
"""A short module is slower and faster by more than a fifth all the time."""
SUMMARISED_MODULES = 10
KEPT_RUNS = 100
"""Enough that a single failure among them is not more than 2 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """A test that failed too often."""

    test: str
    failures: int
    runs: int

    @property
    def line(self) -> str:
        """What is printed."""
        return f"{self.test} failed in {self.failures} of {self.runs} runs ({self.failures / self.runs:.0%})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slower:
    """The suite, or a module of it, that took longer than before."""

    subject: str
    seconds: float
    median_s: float
    runs: int

    @property
    def line(self) -> str:
        """What is printed."""
        return (
            f"{self.subject} took {self.seconds:.0f} s, {self.seconds / self.median_s - 1:.0%} more than the "
            f"{self.median_s:.0f} s of the median of {self.runs} runs before"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The readable runs of a folder, the oldest first, and a line for each file that is none."""

    runs: tuple[Run, ...]
    unreadable: tuple[str, ...] = ()


def read_history(folder: Path) -> History:
    """Read all reports of a folder."""
    runs, unreadable = [], []
    for path in sorted(folder.glob("*.xml")):
        try:
            runs.append(read_run(path))
        except UnreadableReportError as error:
            unreadable.append(str(error))
    return History(runs=tuple(sorted(runs, key=lambda run: run.started)), unreadable=tuple(unreadable))


def find_failing(runs: Sequence[Run]) -> list[Failing]:
    """The tests that failed in more than 2 % of the runs in which they were not skipped, the worst first."""
    part_of: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for run in runs:
        part_of.update(name for name, result in run.results.items() if not result.is_skipped)
        failed.update(name for name, result in run.results.items() if result.has_failed)
    found = [Failing(test=name, failures=count, runs=part_of[name]) for name, count in failed.items()]
    often = [one for one in found if one.failures > MAX_FAILING_SHARE * one.runs]
    return sorted(often, key=lambda one: (-one.failures / one.runs, one.test))


def find_slower(runs: Sequence[Run]) -> list[Slower]:
    """The suite and those of its modules that took a fifth longer in the newest run; the suite first."""
    if len(runs) <= LEAST_COMPARED_RUNS:
        return []
    *before, newest = runs[-COMPARED_RUNS - 1 :]
    suite = _slower("the suite", newest.seconds, [run.seconds for run in before], least_s=0.0)
    earlier = [run.module_seconds for run in before]
    modules = [
        _slower(name, seconds, [each[name] for each in earlier if name in each], least_s=LEAST_MODULE_S)
        for name, seconds in newest.module_seconds.items()
    ]
    slower_modules = sorted(filter(None, modules), key=lambda one: one.median_s - one.seconds)
    return [*([suite] if suite else []), *slower_modules]


def _slower(subject: str, seconds: float, before: Sequence[float], *, least_s: float) -> Slower | None:
    if len(before) < LEAST_COMPARED_RUNS:
        return None
    middle = median(before)
    if middle <= 0 or seconds < least_s or seconds <= MAX_SLOWDOWN * middle:
        return None
    return Slower(subject=subject, seconds=seconds, median_s=middle, runs=len(before))


def add(report: Path, folder: Path, keep: int = KEPT_RUNS) -> None:
    """Copy a report into the folder under the time of its run, and remove the oldest beyond `keep`.

    Raises UnreadableReportError.
    """
    run = read_run(report)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(report, folder / f"{run.started:%Y%m%dT%H%M%S.%f}.xml")
    for old in read_history(folder).runs[:-keep]:
        (folder / f"{old.name}.xml").unlink()


def slowest_modules(run: Run, count: int) -> list[tuple[float, int, str]]:
    """Seconds, tests and name of the modules that take longest; what runs side by side is counted each."""
    tests = Counter(result.module for result in run.results.values())
    modules = [(seconds, tests[name], name) for name, seconds in run.module_seconds.items()]
    return sorted(modules, reverse=True)[:count]


def show(history: History, slowest: int = 0) -> None:
    """Print the notes; on GitHub each is a warning, and the page of the run has tables."""
    runs = history.runs
    for line in history.unreadable:
        say(f"history: ignored: {line}")
    failing, slower = find_failing(runs), find_slower(runs)
    for line in (*(one.line for one in failing), *(one.line for one in slower)):
        say(f"history: {line}")
        annotate("warning", line)
    say(f"history: {_last_line(runs)}; {len(failing)} tests fail too often, {len(slower)} times are too long")
    tables = []
    if failing:
        rows = [(f"`{one.test}`", f"{one.failures} of {one.runs}") for one in failing]
        tables.append(table(("failed in more than 2 % of its runs", "runs"), rows))
    if slower:
        times = [(one.subject, f"{one.seconds:.0f}", f"{one.median_s:.0f}") for one in slower]
        tables.append(table(("20 % slower", "seconds", "median before"), times))
    modules = slowest_modules(runs[-1], slowest or SUMMARISED_MODULES) if runs else []
    for seconds, tests, name in modules[:slowest]:
        say(f"history: {seconds:8.1f} s  {tests:5d} tests  {name}")
    if modules:
        longest = [(name, str(tests), f"{seconds:.0f}") for seconds, tests, name in modules]
        tables.append(table(("slowest modules", "tests", "seconds"), longest))
    summarise("## History of the tests", f"{_last_line(runs)}.", *tables)


def _last_line(runs: Sequence[Run]) -> str:
    if not runs:
        return "no run yet"
    newest = runs[-1]
    failures = sum(result.has_failed for result in newest.results.values())
    line = (
        f"{len(runs)} runs, the last of {len(newest.results)} tests with {failures} failures "
        f"in {newest.seconds:.0f} s"
    )
    if len(runs) <= LEAST_COMPARED_RUNS:
        line += f" (times are compared from the {LEAST_COMPARED_RUNS + 1}th run on)"
    return line


def _absent(folder: Path) -> str:
    what = "a file and no folder" if folder.exists() else "not there"
    return f"{folder} is {what}: name a folder of JUnit reports (`make history` fills reports/history/suite)."


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.suite.history", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("folder", type=Path, help="the folder of JUnit reports, one a run")
    parser.add_argument("--add", type=Path, metavar="REPORT", help="add this report first")
    parser.add_argument(
        "--keep", type=int, default=KEPT_RUNS, metavar="RUNS", help="with --add: how many to keep"
    )
    parser.add_argument(
        "--slowest",
        type=int,
        default=0,
        metavar="MODULES",
        help="print the slowest modules of the newest run",
    )
    parsed = parser.parse_args(arguments)
    try:
        if parsed.add:
            add(parsed.add, parsed.folder, max(1, parsed.keep))
    except UnreadableReportError as error:
        sys.stderr.write(f"history: {error}\n")
        return REFUSED
    if not parsed.folder.is_dir():
        sys.stderr.write(f"history: {_absent(parsed.folder)}\n")
        return REFUSED
    show(read_history(parsed.folder), max(0, parsed.slowest))
    return PASSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
