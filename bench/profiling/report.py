"""The report of one workload as text, in 80 columns."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.profiling.function_table import function_costs
from bench.profiling.passes import Pass
from bench.profiling.profile_records import ProcessFigures

_FUNCTIONS, _CALLS, _LINES = 25, 15, 10
_NAME = 46


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The passes of one workload; `calls` is None where this Python cannot count them."""

    name: str
    unit: str
    samples: Pass
    calls: Pass | None
    memory: Pass


def report(found: Measured) -> str:
    """All tables of one workload."""
    lines = [
        f"Profile of {found.name}: {found.samples.documents} {many(found.unit)}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores",
        "",
        *_processes(found),
    ]
    for process, figures in found.samples.figures.items():
        lines += ["", *_functions(process, figures, found)]
    if found.calls is None:
        lines += ["", "Calls are not counted: cProfile knows one thread since Python 3.12."]
    else:
        for process, figures in found.calls.figures.items():
            lines += ["", *_calls(process, figures, found.calls.documents, found.unit)]
    for process, figures in found.memory.figures.items():
        lines += ["", *_memory(process, figures, found)]
    return "\n".join(lines) + "\n"


def _processes(found: Measured) -> Iterator[str]:
    rows: list[tuple[str, float]] = []
    for process, figures in found.samples.figures.items():
        count = f" ({figures.processes} processes)" if figures.processes > 1 else ""
        rows.append((f"{process}{count}", sum(figures.own_stacks.values())))
        if figures.programs:
            names = ", ".join(f"{name} × {count}" for name, count in sorted(figures.programs.items()))
            rows.append((f"- its programs: {names}", figures.programs_cpu_s))
    if found.samples.fork_server_cpu_s:
        rows.append(("fork server, with its start", found.samples.fork_server_cpu_s))
    whole_s = sum(used_s for _, used_s in rows)
    yield f"{'CPU by process (sampled)':50}{'CPU-s':>8}{f'ms/{found.unit}':>13}{'share':>9}"
    for name, used_s in rows:
        share = f"{100 * used_s / whole_s:.1f} %" if whole_s else ""
        yield f"{_cut(name, 50):50}{used_s:8.2f}{1e3 * used_s / found.samples.documents:13.1f}{share:>9}"


def _functions(process: str, figures: ProcessFigures, found: Measured) -> Iterator[str]:
    whole_s, documents = sum(figures.own_stacks.values()), found.samples.documents
    if not whole_s:
        return
    costs = function_costs(figures.own_stacks)
    title = f"CPU of the {process} (ms/{found.unit})"
    yield f"{title:{_NAME}}{'own':>17}{'with callees':>17}"
    for cost in costs[:_FUNCTIONS]:
        yield _row(cost.function, (cost.own_s, cost.with_callees_s), whole_s, documents)
    yield "- by what they call, this project's functions:"
    ours = [cost for cost in costs if cost.function.startswith("worker/")]
    for cost in sorted(ours, key=lambda cost: -cost.with_callees_s)[:_FUNCTIONS]:
        yield _row(cost.function, (cost.own_s, cost.with_callees_s), whole_s, documents)


def _row(name: str, times_s: tuple[float, float], whole_s: float, documents: int) -> str:
    cells = "".join(f"{1e3 * used_s / documents:9.2f}{100 * used_s / whole_s:6.1f} %" for used_s in times_s)
    return f"{_cut(name, _NAME):{_NAME}}{cells}"


def _calls(process: str, figures: ProcessFigures, documents: int, unit: str) -> Iterator[str]:
    if not figures.calls:
        return
    title = f"Calls in the {process} (small functions are slowed)"
    yield f"{title:54}{f'calls/{unit}':>14}{'own ms':>12}"
    ordered = sorted(figures.calls.items(), key=lambda item: -item[1][1])
    for label, (count, own_s, _) in ordered[:_CALLS]:
        yield f"{_cut(label, 54):54}{count / documents:14.1f}{1e3 * own_s / documents:12.3f}"


def _memory(process: str, figures: ProcessFigures, found: Measured) -> Iterator[str]:
    yield (
        f"Memory of the {process}, at most: {figures.largest_mb:.0f} MB resident, with tracemalloc; "
        f"{max(s['most_bytes'] for s in figures.snapshots) / 1e6:.1f} MB traced"
    )
    if process == "reader":
        lines = max(figures.snapshots, key=lambda one: int(one["now_bytes"]))["lines"]
        yield "- the largest allocations of the largest one (KB, objects):"
        for place, (size, count) in _largest(lines):
            yield f"{_cut(place, 58):58}{size / 1e3:10.1f}{count:12,}"
        return
    before, after = figures.snapshots[0], figures.snapshots[1]
    grown = after["now_bytes"] - before["now_bytes"]
    documents = found.memory.documents if found.unit == "document" else found.memory.documents * 2 // 3
    yield (
        f"- growth over {documents} {many(found.unit)}: {grown / 1e3:+.1f} KB of Python's objects, "
        f"{grown / documents:+,.0f} bytes a {found.unit}"
    )
    growth = {
        place: (size - before["lines"].get(place, (0, 0))[0], count - before["lines"].get(place, (0, 0))[1])
        for place, (size, count) in after["lines"].items()
    }
    yield "- the lines that grew most (KB, objects):"
    for place, (size, count) in _largest(growth):
        yield f"{_cut(place, 58):58}{size / 1e3:+10.1f}{count:+12,}"
    yield "- the largest allocations (KB, objects):"
    for place, (size, count) in _largest(after["lines"]):
        yield f"{_cut(place, 58):58}{size / 1e3:10.1f}{count:12,}"


def _largest(lines: Mapping[str, tuple[int, int]]) -> Sequence[tuple[str, tuple[int, int]]]:
    return sorted(lines.items(), key=lambda item: -item[1][0])[:_LINES]


def many(unit: str) -> str:
    """The plural: documents, searches."""
    return f"{unit}es" if unit.endswith("ch") else f"{unit}s"


def _cut(text: str, width: int) -> str:
    """The end of a name that is too long: the function is there."""
    return text if len(text) < width else f"…{text[-(width - 2) :]}"
