"""What the processes of a profiled worker wrote, added up by kind of process."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.runtime.profiling.stack_sampler import PROFILER, SEPARATOR

_LAST_OF_FORK_SERVER = "worker/sandbox/fork_server.py:ForkServer._become_child"
"""Until there a reader's stack is that of the fork server, in each the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessFigures:
    """All processes of one kind (worker, reader) together; times are CPU seconds."""

    processes: int = 0
    cpu_s: float = 0.0
    """What they used while they were profiled: of a reader all, of a worker all but its start."""
    programs_cpu_s: float = 0.0
    programs: Mapping[str, int] = field(default_factory=dict)
    largest_mb: float = 0.0
    stacks: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, tuple[int, float, float]] = field(default_factory=dict)
    snapshots: tuple[Mapping[str, Any], ...] = ()
    """Python's memory, in the order of the snapshots."""

    @property
    def own_stacks(self) -> Mapping[str, float]:
        """The stacks without the profiler's."""
        return {stack: used_s for stack, used_s in self.stacks.items() if stack != PROFILER}


def read_records(folder: Path) -> dict[str, ProcessFigures]:
    """The figures of each kind of process below a folder."""
    return {path.stem: _add_up(_records(path)) for path in sorted(folder.glob("*.jsonl"))}


def _records(path: Path) -> list[dict[str, Any]]:
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            # A process was killed while it wrote; its record before that one stands.
            continue
    return records


def _add_up(records: Iterable[dict[str, Any]]) -> ProcessFigures:
    records = list(records)
    last = list({record["pid"]: record for record in records}.values())
    calls: defaultdict[str, tuple[int, float, float]] = defaultdict(lambda: (0, 0.0, 0.0))
    programs: Counter[str] = Counter()
    stacks: defaultdict[str, float] = defaultdict(float)
    for record in last:
        programs.update(record["programs"])
        for stack, used_s in record.get("stacks", {}).items():
            stacks[_tidy(stack)] += used_s
        for label, (count, own_s, with_callees_s) in record.get("calls", {}).items():
            before = calls[label]
            calls[label] = (before[0] + count, before[1] + own_s, before[2] + with_callees_s)
    cpu_s = sum(record["cpu_s"] for record in last)
    if stacks:
        # Mostly the hook itself, which is called at each call and return.
        stacks[PROFILER] = max(
            0.0, cpu_s - sum(used_s for stack, used_s in stacks.items() if stack != PROFILER)
        )
    return ProcessFigures(
        processes=len(last),
        cpu_s=cpu_s,
        programs_cpu_s=sum(record["programs_cpu_s"] for record in last),
        programs=programs,
        largest_mb=max((record["largest_kib"] for record in last), default=0) * 1024 / 1e6,
        stacks=stacks,
        calls=calls,
        snapshots=tuple(record["allocations"] for record in records if "allocations" in record),
    )


def _tidy(stack: str) -> str:
    frames = stack.split(SEPARATOR)
    if _LAST_OF_FORK_SERVER in frames:
        del frames[: frames.index(_LAST_OF_FORK_SERVER) + 1]
    return SEPARATOR.join(frames) or _LAST_OF_FORK_SERVER


def whole(figures: Mapping[str, ProcessFigures]) -> dict[str, float]:
    """The stacks of all processes under one root each, programs that they started beside them."""
    stacks: dict[str, float] = {}
    for process, one in figures.items():
        for stack, used_s in one.own_stacks.items():
            stacks[f"{process}{SEPARATOR}{stack}"] = used_s
        if one.programs:
            names = ", ".join(f"{name} × {count}" for name, count in sorted(one.programs.items()))
            stacks[f"programs of the {process}{SEPARATOR}{names}"] = one.programs_cpu_s
    return stacks
