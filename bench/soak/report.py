"""What a soak prints, as tables on a terminal and as lines in a log, and what it saves as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure
from bench.soak.soak import Record

_MET = {True: "met", False: "MISSED", None: ""}


def print_report(record: Record, figures: Sequence[Figure], console: Console) -> None:
    """Print the figures, then the documents by kind."""
    if console.is_terminal:
        console.print(_figure_table(record, figures))
        console.print(_kind_table(record))
    else:
        for figure in figures:
            verdict = f" [{_MET[figure.met]}]" if figure.met is not None else ""
            must = f" (must: {figure.must})" if figure.must else ""
            line = f"{figure.what}: {figure.figure}{must}{verdict}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        for name, (done, copies) in _by_kind(record).items():
            console.print(
                f"{name}: {done} finished, {copies} of them copies", highlight=False, soft_wrap=True
            )
    operations = ", ".join(f"{count} x {name}" for name, count in sorted(record.operations.items()))
    states = ", ".join(f"{count} {state}" for state, count in sorted(record.states.items()))
    for line in (f"done to the bucket: {operations}", f"ended: {states}, {record.deletes} tombstoned"):
        console.print(line, highlight=False, soft_wrap=True)
    if record.is_interrupted:
        console.print("interrupted: these are the figures so far", highlight=False)


def save_json(record: Record, figures: Sequence[Figure], path: Path) -> None:
    """Everything that was measured."""
    values = {
        "plan": {**asdict(record.plan), "kinds": [kind.name for kind in record.kinds]},
        "seconds": round(record.seconds, 1),
        "is_interrupted": record.is_interrupted,
        "figures": [asdict(figure) for figure in figures],
        "kinds": {
            name: {"done": done, "copies": copies} for name, (done, copies) in _by_kind(record).items()
        },
        "states": record.states,
        "deletes": record.deletes,
        "unchanged": record.unchanged,
        "operations": record.operations,
        "differences": {index: account.differences for index, account in record.accounts.items()},
        "generations": [generation.summary() for generation in record.generations],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1))


def _figure_table(record: Record, figures: Sequence[Figure]) -> Table:
    plan = record.plan
    table = Table(title=f"soak of {plan.hours:.3g} h, a kill every {plan.minutes:g} min")
    for column in ("what", "figure", "must", ""):
        table.add_column(column)
    for figure in figures:
        table.add_row(figure.what, figure.figure, figure.must, _MET[figure.met])
    return table


def _kind_table(record: Record) -> Table:
    table = Table(title="documents by kind; of copies the text was there already")
    for _ in range(2):
        table.add_column("kind")
        table.add_column("finished", justify="right")
        table.add_column("copies", justify="right")
    rows = [(name, str(done), str(copies)) for name, (done, copies) in _by_kind(record).items()]
    half = -(-len(rows) // 2)
    for number in range(half):
        right = rows[half + number] if half + number < len(rows) else ("", "", "")
        table.add_row(*rows[number], *right)
    return table


def _by_kind(record: Record) -> dict[str, tuple[int, int]]:
    return {kind.name: (record.done[kind.name], record.copies[kind.name]) for kind in record.kinds}
