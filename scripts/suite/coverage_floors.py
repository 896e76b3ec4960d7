"""The least coverage of the modules that matter most, checked on the data of a run of the whole suite.

    python -m scripts.suite.coverage_floors [DATA-FILE]

`[tool.cis-worker.coverage-floors]` in pyproject.toml has the paths and their floors. Only these files are
analysed, which takes a second: no second run, no second report.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.suite.github import annotate, summarise, table
from scripts.suite.place import FAILED, PASSED, ROOT, RefusedError, say

SETTINGS = "pyproject.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """The coverage of one file, and what it must be; without data nothing of it ran."""

    path: str
    least_percent: float
    percent: float
    missing_lines: tuple[int, ...] = ()
    missing_branches: tuple[tuple[int, int], ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether the file is covered less than it must be."""
        return self.percent < self.least_percent

    @property
    def shown_percent(self) -> str:
        """Rounded down: 89.996 must not read as 90.00."""
        return f"{int(self.percent * 100) / 100:.2f}"

    @property
    def missing(self) -> str:
        """The lines that did not run as `12, 40-44`, then the branches that were not taken as `57->60`."""
        lines = set(self.missing_lines)
        branches = [
            f"{start}->{'exit' if end < 0 else end}"
            for start, end in self.missing_branches
            if start not in lines
        ]
        return ", ".join([*ranges(self.missing_lines), *branches]) or "nothing"

    @property
    def line(self) -> str:
        """What a broken floor is reported as."""
        return (
            f"{self.path}: {self.shown_percent} % covered, the floor is {self.least_percent:g} %; "
            f"missing: {self.missing}"
        )


def ranges(numbers: Sequence[int]) -> list[str]:
    """Numbers in ascending order, neighbours joined: 1, 2, 3, 7 are `1-3` and `7`."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return ["-".join(map(str, one)) for one in found]


def read_floors(root: Path = ROOT) -> dict[str, float]:
    """Path -> least percent. Raises RefusedError when there is no table, or a file that it names."""
    settings = tomllib.loads((root / SETTINGS).read_text(encoding="utf-8"))
    floors: dict[str, float] = settings.get("tool", {}).get("cis-worker", {}).get("coverage-floors", {})
    if not floors:
        raise RefusedError(f"{SETTINGS} has no table [tool.cis-worker.coverage-floors].")
    absent = [path for path in floors if not (root / path).is_file()]
    if absent:
        raise RefusedError(
            *(
                f"{SETTINGS}: the coverage floors name {path}, which is not there: correct it."
                for path in absent
            )
        )
    return floors


def measure(floors: Mapping[str, float], report: Mapping[str, Any]) -> list[Floor]:
    """The floors with what a JSON report of coverage.py says about their files."""
    files = report["files"]
    return [
        Floor(
            path=path,
            least_percent=least,
            percent=files[path]["summary"]["percent_covered"] if path in files else 0.0,
            missing_lines=tuple(files[path]["missing_lines"]) if path in files else (),
            missing_branches=tuple(map(tuple, files[path].get("missing_branches", [])))
            if path in files
            else (),
        )
        for path, least in floors.items()
    ]


def report_of(data_file: Path, paths: Sequence[str], root: Path = ROOT) -> dict[str, Any]:
    """A JSON report over the paths alone. Raises RefusedError when the data cannot be read."""
    from coverage import Coverage  # noqa: PLC0415 - help and lists run before .venv is made
    from coverage.exceptions import CoverageException  # noqa: PLC0415

    if not data_file.is_file():
        raise RefusedError(f"no coverage data at {data_file}: run scripts/test --coverage first.")
    measured = Coverage(data_file=str(data_file), config_file=str(root / SETTINGS))
    with tempfile.TemporaryDirectory(prefix="floors-") as folder:
        made = Path(folder, "coverage.json")
        try:
            measured.load()
            measured.json_report(outfile=str(made), include=[str(root / path) for path in paths])
        except CoverageException as error:
            raise RefusedError(f"the coverage data at {data_file} cannot be read: {error}") from error
        report: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    report["files"] = {name.replace("\\", "/"): file for name, file in report["files"].items()}
    return report


def show(floors: Sequence[Floor]) -> int:
    """Print the broken floors, or one line that none is; for GitHub annotations and a table, too."""
    broken = [floor for floor in floors if floor.is_broken]
    for floor in broken:
        say(f"coverage floor: {floor.line}")
        annotate("error", floor.line, file=floor.path, line=min(floor.missing_lines, default=1))
    say(f"coverage floors: {len(floors) - len(broken)} of {len(floors)} kept")
    rows = [
        (f"`{f.path}`", f.shown_percent, f"{f.least_percent:g}", f.missing if f.is_broken else "")
        for f in floors
    ]
    summarise("## Coverage floors", table(("module", "covered %", "floor %", "missing where broken"), rows))
    return FAILED if broken else PASSED


def check(data_file: Path = ROOT / ".coverage", root: Path = ROOT) -> int:
    """Check the floors on the data of a run; returns the exit status."""
    floors = read_floors(root)
    return show(measure(floors, report_of(data_file, list(floors), root)))


def main(arguments: Sequence[str]) -> int:
    """The command line: the status is 1 when a floor is broken, 2 when none can be checked."""
    try:
        return check(*map(Path, arguments[:1]))
    except RefusedError as error:
        for line in error.lines:
            sys.stderr.write(f"coverage floors: {line}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
