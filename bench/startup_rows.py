"""What starting costs: CPU seconds of commands and memory of imports, each in a process of its own."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from bench.figure import Figure
from worker.index.sqlite.sqlite_index import SqliteIndex

_RUNS = 5
_ROOT = Path(__file__).parents[1]
_PRINT_RSS = "; print(open('/proc/self/statm').read().split()[1])"


def _cpu_s(*arguments: str) -> float:
    """CPU seconds of one run of the interpreter, median of five."""
    times = []
    for _ in range(_RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], cwd=_ROOT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(times)


def _rss_mb(module: str) -> float:
    """Resident memory after an import, in MB."""
    command = [sys.executable, "-c", f"import {module}{_PRINT_RSS}"]
    pages = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True, text=True).stdout
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1024**2


def startup(home: Path) -> list[Figure]:
    """Help, version and a search in CPU seconds, beside importing typer and rich; memory of two imports."""
    SqliteIndex(home / "index.sqlite3").close()
    libraries_s = _cpu_s("-c", "import typer, rich")
    figures = []
    for name, arguments, most_s in (
        ("--help", ["--help"], 0.3),
        ("--version", ["--version"], 0.3),
        ("search --home", ["search", "契約", "--home", str(home)], 0.6),
    ):
        taken_s = _cpu_s("-m", "worker", *arguments)
        figures.append(
            Figure(
                what=f"cis-worker {name}, CPU, median of {_RUNS}; against `import typer, rich`",
                figure=f"{taken_s:.2f} s; {taken_s / libraries_s:.1f} x",
                must=f"< {most_s} s",
                met=taken_s < most_s,
            )
        )
    for module, most_mb in (("worker.sandbox.scheduler", 30), ("worker.app", 62)):
        taken_mb = _rss_mb(module)
        figures.append(
            Figure(
                what=f"memory after importing {module}",
                figure=f"{taken_mb:.1f} MB",
                must=f"< {most_mb} MB",
                met=taken_mb < most_mb,
            )
        )
    return figures
