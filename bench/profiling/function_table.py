"""CPU by function, out of stacks: its own, and that with what it calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from worker.runtime.profiling.stack_sampler import SEPARATOR


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionCost:
    """One function of one kind of process, in CPU seconds."""

    function: str
    own_s: float
    with_callees_s: float


def function_costs(stacks: Mapping[str, float]) -> list[FunctionCost]:
    """All functions, the one with the most CPU of its own first; a recursive one counts once."""
    own: defaultdict[str, float] = defaultdict(float)
    total: defaultdict[str, float] = defaultdict(float)
    for stack, used_s in stacks.items():
        frames = stack.split(SEPARATOR)
        own[frames[-1]] += used_s
        for frame in set(frames):
            total[frame] += used_s
    costs = [FunctionCost(function=name, own_s=own[name], with_callees_s=total[name]) for name in total]
    return sorted(costs, key=lambda cost: (-cost.own_s, -cost.with_callees_s, cost.function))
