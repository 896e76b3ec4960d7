"""How simulate prints what it found: a page to decide by, or the same as values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.table import Table
from rich.text import Text

from worker.cli.printing import make_console, make_table, sanitise
from worker.fleet.simulation.comparison import Comparison
from worker.fleet.simulation.durations import describe_duration
from worker.fleet.simulation.fluid_check import ALLOWED_DIFFERENCE
from worker.fleet.simulation.result import Result

_SERVICES = {
    "ec2": "EC2",
    "sqs": "SQS",
    "s3": "S3",
    "dynamodb": "DynamoDB",
    "bedrock": "Bedrock",
    "opensearch": "OpenSearch",
    "cloudwatch": "CloudWatch",
}
_FIGURES: dict[str, Callable[[Result], str]] = {
    "time to drain": lambda r: describe_duration(math.inf if r.drained_s is None else r.drained_s),
    "median delay": lambda r: describe_duration(r.delay_p50_s),
    "p95 delay": lambda r: describe_duration(r.delay_p95_s),
    "meets target": lambda r: "yes" if r.meets_target else "NO",
    "most instances": lambda r: f"{r.peak_instances:,}",
    "instance hours": lambda r: f"{r.instance_hours:,.0f}",
    "interruptions": lambda r: f"{r.interruptions:,}",
    "pages repeated": lambda r: f"{r.pages_repeated:,}",
    "busy killed": lambda r: f"{r.busy_killed:,}",
    "changes": lambda r: f"{r.changes:,}",
    "taken back": lambda r: f"{r.oscillations:,}",
    "vectors pending": lambda r: f"{r.most_vectors_pending:,}",
    "cost": lambda r: f"{r.costs.total:,.2f}",
}
_VALUES = (
    *("policy", "kind", "documents", "pages", "drained_s", "delay_p50_s", "delay_p95_s", "target_delay_s"),
    *("meets_target", "spot_hours", "on_demand_hours", "instance_hours", "hours_to_drain", "peak_instances"),
    *(
        "interruptions",
        "pages_repeated",
        "busy_killed",
        "changes",
        "oscillations",
        "most_vectors_pending",
        "fluid_steps",
    ),
)


def print_comparison(comparison: Comparison, paths: Sequence[Path]) -> None:
    """Print the assumptions, the policies side by side, what a million pages cost, and the verdict."""
    scenario, console = comparison.scenario, make_console(width=120)
    console.print(Text(sanitise(scenario.title), "bold"))
    assumed = make_table("assumed", "")
    for topic, text in comparison.assumptions.items():
        assumed.add_row(topic, Text(sanitise(text)))
    console.print(assumed)
    results = _results(comparison)
    console.print(_table(comparison, results, "policy", _FIGURES))
    costs: dict[str, Callable[[Result], str]] = {
        title: partial(_per_million, name) for name, title in _SERVICES.items()
    }
    costs["all"] = lambda result: f"{result.per_million_pages:,.2f}"
    console.print(_table(comparison, results, f"{scenario.prices.currency} a million pages", costs))
    for line in _verdict(comparison):
        console.print(Text(line), soft_wrap=True)
    for path in paths:
        console.print(Text(f"curves: {path}"), soft_wrap=True)


def comparison_values(comparison: Comparison, paths: Sequence[Path]) -> dict[str, object]:
    """The same as plain values, for JSON; what never ended is null."""
    scenario, check = comparison.scenario, comparison.fluid_check
    return {
        "title": scenario.title,
        "seed": scenario.seed,
        "target": {"percentile": scenario.target.percentile, "delay_s": scenario.target.delay_s},
        "assumptions": comparison.assumptions,
        "currency": scenario.prices.currency,
        "policies": [_result_values(result) for result in comparison.results],
        "cheapest_static": None if comparison.static is None else _result_values(comparison.static),
        "chosen": scenario.chosen,
        "cost_ratio": _rounded(comparison.ratio),
        "instance_cost_ratio": _rounded(comparison.instance_ratio),
        "faults": comparison.faults,
        "fluid_check": None
        if check is None
        else {
            "documents": check.documents,
            "largest": _rounded(check.largest),
            "allowed": ALLOWED_DIFFERENCE,
            "differences": check.differences,
        },
        "curves": [str(path) for path in paths],
    }


def _results(comparison: Comparison) -> list[Result]:
    return [*comparison.results, *([comparison.static] if comparison.static else [])]


def _table(
    comparison: Comparison, results: Sequence[Result], title: str, rows: dict[str, Callable[[Result], str]]
) -> Table:
    table = make_table(title)
    # Five policies fit into 80 columns beside it.
    table.columns[0].no_wrap = True
    table.collapse_padding = True
    for result in results:
        # Words may go on the next line of a narrow terminal.
        name = sanitise(result.policy).replace("_", " ")
        if result is comparison.static:
            name += f" ({result.peak_instances})"
        mark = " *" if result is comparison.chosen else ""
        table.add_column(name + mark, justify="right")
    for label, describe in rows.items():
        table.add_row(label, *(describe(result) for result in results))
    return table


def _per_million(service: str, result: Result) -> str:
    cost = result.costs.by_service()[service]
    return f"{cost * 1e6 / result.pages:,.2f}" if result.pages else "0"


def _verdict(comparison: Comparison) -> list[str]:
    scenario, chosen, static = comparison.scenario, comparison.chosen, comparison.static
    name, target = sanitise(chosen.policy), scenario.target
    percent = f"{target.percentile:g} %"
    lines = [
        f"* {name}, the chosen policy: {percent} of {chosen.documents:,} documents are searchable within "
        f"{describe_duration(chosen.target_delay_s)} (target: {describe_duration(target.delay_s)}), "
        f"with {_instances(chosen.peak_instances)} at most, for {chosen.costs.total:,.2f} "
        f"{scenario.prices.currency}."
    ]
    if scenario.duration_days is None:
        done = (f"{part} % after {describe_duration(at_s)}" for part, at_s in chosen.done_s.items())
        lines.append(f"Done: {', '.join(done)}.")
    if static is None or comparison.ratio is None or comparison.instance_ratio is None:
        most = _instances(scenario.max_static_instances)
        lines.append(f"No static fleet of up to {most} meets the target.")
    else:
        lines.append(
            f"The cheapest static fleet that meets the target has {_instances(static.peak_instances)}; "
            f"{name} costs {comparison.ratio:.2f} times as much (its instances alone "
            f"{comparison.instance_ratio:.2f} times)."
        )
    if check := comparison.fluid_check:
        lines.append(
            f"Fluid steps against exact runs of {check.documents:,} documents: {check.largest:.2%} apart at "
            f"most (allowed: {ALLOWED_DIFFERENCE:.0%})."
        )
    faults = comparison.faults
    lines.append(f"{name} " + ("; ".join(faults) + "." if faults else "is right for this load."))
    return lines


def _instances(count: int) -> str:
    return f"{count:,} instance" + "s" * (count != 1)


def _result_values(result: Result) -> dict[str, object]:
    values = {name: _rounded(getattr(result, name)) for name in _VALUES}
    costs = result.costs.by_service()
    pages = max(result.pages, 1)
    return values | {
        "cost": _rounded(result.costs.total),
        "cost_by_service": {name: _rounded(cost) for name, cost in costs.items()},
        "cost_per_million_pages": _rounded(result.per_million_pages),
        "cost_per_million_pages_by_service": {
            name: _rounded(cost * 1e6 / pages) for name, cost in costs.items()
        },
    }


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
