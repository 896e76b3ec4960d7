"""Run the tests several times beside busy loops and print each test that failed, with how often.

    python scripts/flaky.py RUNS [PYTEST ARGUMENT...]

Exit 1 when a test failed or a run broke off. The busy loops end with this process, however it ends.
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
from xml.etree import ElementTree

HOGS_A_CORE = 2
# Each asks for its parent between two bursts of work, so that none outlives a `kill -9` of this process.
HOG = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(200_000))"
ALL_PASSED, SOME_FAILED = 0, 1


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
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it for us
    return [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]


def run(number: int, arguments: Sequence[str], report: Path) -> list[str]:
    """The failures of one run; a run without a report counts as one."""
    sys.stdout.write(f"flaky: run {number}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *arguments]
    status = subprocess.run(command, check=False).returncode
    found = failures(report) if report.exists() else []
    if status not in (ALL_PASSED, SOME_FAILED) or (status == SOME_FAILED and not found):
        found.append(f"(run {number} ended with status {status})")
    return found


def main(runs: int, arguments: Sequence[str]) -> int:
    """Run, count, print."""
    failed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="flaky-") as folder, busy_cores():
        for number in range(1, runs + 1):
            failed.update(run(number, arguments, Path(folder, f"{number}.xml")))
    for test, count in failed.most_common():
        sys.stdout.write(f"{count} of {runs}: {test}\n")
    sys.stdout.write(f"flaky: {len(failed)} tests failed in {runs} runs\n")
    return 1 if failed else 0


def stop(number: int, _frame: object) -> None:
    """Turn a signal into an exit that ends the busy loops."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
