"""Run the tests several times beside busy loops and print each test that failed, with how often.

    python scripts/flaky.py RUNS [--whole-suite] [PYTEST ARGUMENT...]

Exit 1 when a test failed or a run broke off. The busy loops end with this process, however it ends. Of the
whole suite coverage is measured, too: a floor that is broken counts as a failure. Its reports are kept in
reports/history/flaky, and what they say together (scripts/suite/history.py) is noted at the end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.suite import coverage_floors, history
from scripts.suite.junit import UnreadableReportError, read_run
from scripts.suite.place import ROOT, RefusedError

HOGS_A_CORE = 2
# Each asks for its parent between two bursts of work, so that none outlives a `kill -9` of this process.
HOG = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(200_000))"
ALL_PASSED, SOME_FAILED = 0, 1
WHOLE_SUITE = "--whole-suite"
COVERAGE = ("--cov", "--cov-report=")
HISTORY = "reports/history/flaky"


@contextmanager
def busy_cores() -> Iterator[None]:
    """Two busy loops a core while the block runs."""
    command = [sys.executable, "-c", HOG, str(os.getpid())]
    hogs = [subprocess.Popen(command) for _ in range(HOGS_A_CORE * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
        for hog in hogs:
            hog.wait()


def failures(report: Path) -> list[str]:
    """The tests of a JUnit report that failed or could not be set up."""
    try:
        results = read_run(report).results
    except UnreadableReportError:
        return []
    return [name for name, result in results.items() if result.has_failed]


def run(number: int, arguments: Sequence[str], report: Path) -> list[str]:
    """The failures of one run; a run without a report counts as one."""
    sys.stdout.write(f"flaky: run {number}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *arguments]
    status = subprocess.run(command, check=False).returncode
    found = failures(report)
    if status not in (ALL_PASSED, SOME_FAILED) or (status == SOME_FAILED and not found):
        found.append(f"(run {number} ended with status {status})")
    return found


def check_whole_suite(reports: Sequence[Path], root: Path = ROOT) -> int:
    """Check the floors on the data of the last run, and note what the history says; returns the status."""
    folder = root / HISTORY
    for report in reports:
        try:
            history.add(report, folder)
        except UnreadableReportError as error:
            sys.stdout.write(f"flaky: {error}\n")
    history.show(history.read_history(folder))
    try:
        return coverage_floors.check(root / ".coverage", root)
    except RefusedError as error:
        sys.stdout.write(f"flaky: {error}\n")
        return SOME_FAILED


def main(runs: int, arguments: Sequence[str]) -> int:
    """Run, count, print."""
    is_whole = list(arguments[:1]) == [WHOLE_SUITE]
    arguments = [*arguments[1:], *COVERAGE] if is_whole else arguments
    failed: Counter[str] = Counter()
    status = ALL_PASSED
    with tempfile.TemporaryDirectory(prefix="flaky-") as folder:
        reports = [Path(folder, f"{number}.xml") for number in range(1, runs + 1)]
        with busy_cores():
            for number, report in enumerate(reports, 1):
                failed.update(run(number, arguments, report))
        if is_whole:
            status = check_whole_suite(reports)
    for test, count in failed.most_common():
        sys.stdout.write(f"{count} of {runs}: {test}\n")
    sys.stdout.write(f"flaky: {len(failed)} tests failed in {runs} runs\n")
    return SOME_FAILED if failed else status


def stop(number: int, _frame: object) -> None:
    """Turn a signal into an exit that ends the busy loops."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
