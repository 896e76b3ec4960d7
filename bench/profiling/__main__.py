"""`python -m bench.profiling [scan|text|office|search ...]`: profile, and write reports and flame graphs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from bench.profiling.flame_graph import flame_graph
from bench.profiling.passes import Pass, cpu_pass, memory_pass
from bench.profiling.profile_records import whole
from bench.profiling.report import Measured, many, report
from bench.profiling.search_passes import search_pass
from bench.profiling.workloads import WORKLOADS
from worker.errors import MisconfiguredError
from worker.runtime.profiling.profile_order import ProfileKind, profile_order

REPORTS = Path(__file__).resolve().parents[2] / "reports"
NAMES = (*WORKLOADS, "search")
_SHOWN_LINES = 34
_INTERRUPTED = 130


def profile(name: str, home: Path) -> Measured:
    """Run one workload once for each kind of figure."""
    return Measured(
        name=name,
        unit="search" if name == "search" else "document",
        samples=_run(name, ProfileKind.SAMPLES, home),
        calls=_run(name, ProfileKind.CALLS, home) if _has_calls(home) else None,
        memory=_run(name, ProfileKind.ALLOCATIONS, home),
    )


def _run(name: str, kind: ProfileKind, home: Path) -> Pass:
    folder = home / kind
    folder.mkdir()
    if name == "search":
        return search_pass(kind, folder)
    if kind is ProfileKind.ALLOCATIONS:
        return memory_pass(WORKLOADS[name], folder)
    return cpu_pass(WORKLOADS[name], kind, folder)


def _has_calls(home: Path) -> bool:
    try:
        profile_order(f"{ProfileKind.CALLS}:{home}")
    except MisconfiguredError:
        return False
    return True


def write(found: Measured, folder: Path) -> str:
    """Write report and flame graph of one workload; the report."""
    folder.mkdir(parents=True, exist_ok=True)
    text = report(found)
    (folder / f"cpu_profile_{found.name}.txt").write_text(text, encoding="utf-8")
    title = f"CPU of {found.samples.documents} {many(found.unit)} ({found.name})"
    (folder / f"flame_{found.name}.svg").write_text(
        flame_graph(whole(found.samples.figures), title=title), encoding="utf-8"
    )
    return text


def collect(folder: Path) -> Path:
    """Write what is there of all workloads into one report; its path."""
    parts = [folder / f"cpu_profile_{name}.txt" for name in NAMES]
    path = folder / "cpu_profile.txt"
    path.write_text("\n\n".join(part.read_text(encoding="utf-8") for part in parts if part.exists()))
    return path


def main(names: list[str], measure: Callable[[str, Path], Measured] = profile) -> int:
    """Profile the named workloads, or all; exit 2 for a name that is none."""
    console = Console(highlight=False, soft_wrap=True)
    if unknown := [name for name in names if name not in NAMES]:
        Console(stderr=True).print(
            f"nothing to profile is named {', '.join(unknown)}; there are {', '.join(NAMES)}"
        )
        return 2
    try:
        _profile_all(names or NAMES, measure, console)
    except KeyboardInterrupt:
        console.print("interrupted: what was written before is in reports/")
        return _INTERRUPTED
    console.print(f"all tables: reports/{collect(REPORTS).name}", markup=False)
    return 0


def _profile_all(names: Iterable[str], measure: Callable[[str, Path], Measured], console: Console) -> None:
    for name in names:
        console.print(f"profiling {name} ...")
        with tempfile.TemporaryDirectory(prefix="cis-profile-") as home:
            text = write(measure(name, Path(home)), REPORTS)
        console.print("\n".join(text.splitlines()[:_SHOWN_LINES]), markup=False)
        console.print(f"flame graph: reports/flame_{name}.svg", markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
