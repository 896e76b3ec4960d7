"""A bounded run of cases, several at a time, and a check of what they left behind.

The limits are small, so that a hang shows soon. A case that fails is written to a folder under a name that
says how to repeat it.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.case import Case, Outcome, make_case, read_case
from fuzz.corpus import corpus
from fuzz.resources import measure_resources
from worker.config import sandbox_environment
from worker.extract.read_options import Limits, ReadOptions
from worker.sandbox.scheduler import Sandbox

_AT_A_TIME = 4
_SLOTS = 2
_WARM_UP_CASES = 40
_MESSAGES_KEPT = 30
_A_PAGE_S = 2.0
_LIMITS = Limits(
    max_file_bytes=10**8,
    max_pixels=4_000_000,
    max_text_chars=1_000_000,
    page_timeout_s=10.0,
    document_timeout_s=15.0,
    document_timeout_per_page_s=_A_PAGE_S,
    memory_bytes=1024**3,
    cpu_s=60,
    output_bytes=64 * 1024**2,
)


@dataclass(kw_only=True, slots=True)
class Report:
    """Results of the cases. A fault is a failure of the sandbox, a crash one of a reader."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    memory_mb: tuple[float, float] = (0.0, 0.0)


def campaign(
    *, seconds: float, seed: int, failures: Path, only: int | None = None, cases: int = 10**9
) -> Report:
    """Damage and read files for so many seconds or cases, or the one case of a number."""
    files, report = corpus(), Report()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name, _sandbox(Path(name, "work")) as sandbox:
        tester = _Tester(sandbox, Path(name, "work"), files, report, failures)
        if only is not None:
            tester.try_case(seed, only)
            return report
        tester.run_until(seed, range(_WARM_UP_CASES), deadline=time.monotonic() + seconds)
        gc.collect()
        before = measure_resources(Path(name, "work"))
        tester.run_until(
            seed, range(_WARM_UP_CASES, cases), deadline=time.monotonic() + seconds - tester.spent_s
        )
        gc.collect()
        after = measure_resources(Path(name, "work"))
        report.memory_mb = before.memory_mb, after.memory_mb
        report.faults += after.leaks(before)
    return report


class _Tester:
    """Reads cases in several threads, as the worker reads documents."""

    def __init__(
        self, sandbox: Sandbox, root: Path, files: Mapping[str, bytes], report: Report, failures: Path
    ) -> None:
        self._sandbox, self._root, self._files = sandbox, root, files
        self._report, self._failures = report, failures
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self._began

    def run_until(self, seed: int, numbers: range, *, deadline: float) -> None:
        left = iter(numbers)

        def work() -> None:
            while time.monotonic() < deadline:
                with self._lock:
                    number = next(left, None)
                if number is None:
                    return
                self.try_case(seed, number)

        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for done in [pool.submit(work) for _ in range(_AT_A_TIME)]:
                done.result()

    def try_case(self, seed: int, number: int) -> None:
        case = make_case(self._files, seed, number)
        folder = self._root / f"case-{number}"
        outcome = read_case(
            self._sandbox, case, folder, limit_s=_LIMITS.document_timeout_s, a_page_s=_A_PAGE_S
        )
        shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._record(case, outcome)

    def _record(self, case: Case, outcome: Outcome) -> None:
        report, title = self._report, f"{case.seed}:{case.number} ({case.name}, {case.how})"
        report.cases += 1
        report.outcomes[outcome.label] += 1
        report.slowest_s = max(report.slowest_s, outcome.seconds)
        if outcome.label in ("crashed", "timeout", "memory") and len(report.crashes) < _MESSAGES_KEPT:
            report.crashes.setdefault(f"{outcome.label}: {outcome.message}", title)
        if outcome.fault:
            self._failures.mkdir(parents=True, exist_ok=True)
            (self._failures / f"{case.seed}-{case.number}-{case.name}").write_bytes(case.data)
            report.faults.append(f"{title}: {outcome.fault}; FUZZ_SEED={case.seed}:{case.number} repeats it")


@contextmanager
def _sandbox(work_root: Path) -> Iterator[Sandbox]:
    options = ReadOptions(limits=_LIMITS, languages=("eng",), dpi=72)
    sandbox = Sandbox(options=options, slots=_SLOTS, work_root=work_root, environment=sandbox_environment())
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            sandbox.step(0.05)

    sandbox.start()
    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        over.set()
        thread.join()
        sandbox.close()
