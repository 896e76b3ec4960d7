"""One run of the tests, as its JUnit report has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree


class UnreadableReportError(Exception):
    """A file that is no JUnit report, or one of a run without tests; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How one test ended."""

    module: str
    seconds: float
    has_failed: bool
    is_skipped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """When a run began, how long it took by the clock, and its tests by name."""

    name: str
    started: datetime
    seconds: float
    results: Mapping[str, Result]

    @property
    def module_seconds(self) -> dict[str, float]:
        """Module -> the sum of its tests' times; those that run beside each other are counted each."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for result in self.results.values():
            seconds[result.module] += result.seconds
        return dict(seconds)


def read_run(path: Path) -> Run:
    """The run of a report. Raises UnreadableReportError."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - pytest wrote it for us
    except (ElementTree.ParseError, OSError) as error:
        raise UnreadableReportError(f"{path.name} is no JUnit report: {error}") from error
    results: dict[str, Result] = {}
    for case in root.iter("testcase"):
        module, name = identify(case.get("classname", ""), case.get("name", ""))
        has_failed = case.find("failure") is not None or case.find("error") is not None
        before = results.get(name)  # an error of a teardown is a case of its own
        results[name] = Result(
            module=module,
            seconds=_number(case.get("time")) + (before.seconds if before else 0.0),
            has_failed=has_failed or bool(before and before.has_failed),
            is_skipped=case.find("skipped") is not None,
        )
    if not results:
        raise UnreadableReportError(f"{path.name} has no tests")
    suites = list(root.iter("testsuite"))
    seconds = sum(_number(suite.get("time")) for suite in suites)
    return Run(
        name=path.stem,
        started=_started(suites, path),
        seconds=seconds or sum(result.seconds for result in results.values()),
        results=results,
    )


def identify(classname: str, name: str) -> tuple[str, str]:
    """The file of a test, and its name for pytest.

    `tests.a.test_b.TestC` and `test_d` are `tests/a/test_b.py` and `tests/a/test_b.py::TestC::test_d`.
    A module that could not be imported has no class name: its own name is the file.
    """
    parts = (classname or name).split(".")
    classes = [part for part in parts if part[:1].isupper()]
    module = "/".join(parts[: len(parts) - len(classes)]) + ".py"
    return module, "::".join([module, *classes, *([name] if classname else [])])


def _started(suites: list[ElementTree.Element], path: Path) -> datetime:
    for suite in suites:
        try:
            found = datetime.fromisoformat(suite.get("timestamp", ""))
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
