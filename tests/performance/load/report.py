"""The result of a run as tables: with rich on a terminal, as plain lines in a log or pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.performance.load.timeline import Timeline
from tests.performance.load.verdict import Check, Drain, Requests

Row = tuple[str, ...]

_REQUESTS = ("request", "count", "failed", "median", "p95", "max")
_CHECKS = ("what", "measured", "must", "")
_GAP = "  "
_SAMPLE_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A table: its title, its columns and its rows."""

    title: str
    columns: Row
    rows: Sequence[Row]


def requests_block(title: str, requests: Sequence[Requests]) -> Block:
    """The requests, one kind and name a row."""
    rows = [
        (
            f"{each.kind}: {each.name}",
            f"{each.count}",
            f"{each.failures}",
            *(_seconds(value) for value in (each.median_s, each.p95_s, each.max_s)),
        )
        for each in requests
    ]
    return Block(title=title, columns=_REQUESTS, rows=rows)


def checks_block(checks: Sequence[Check]) -> Block:
    """What must hold, and whether it does."""
    words = {True: "met", False: "MISSED", None: ""}
    rows = [(each.what, each.measured, each.must, words[each.is_met]) for each in checks]
    return Block(title="What must hold", columns=_CHECKS, rows=rows)


def break_block(timeline: Timeline, drain: Drain) -> Block:
    """Where the load is more than the system carries: rate, depth, delay and the first failure."""
    samples = [sample for sample in timeline.samples if sample.at_s <= drain.sending_s + _SAMPLE_S]
    sent = samples[-1].sent if samples else 0
    rows: list[Row] = [
        ("files sent a second", f"{sent / drain.sending_s:.2f}"),
        ("files done a second meanwhile", f"{drain.rate_per_s:.2f}"),
        ("files waiting after the last send", f"{drain.backlog}"),
        ("- all of them done", f"after {drain.seconds:.1f} s" if drain.seconds is not None else "no"),
    ]
    if (highest := timeline.highest) is not None:
        depths = [sample.depth for sample in samples if sample.depth is not None]
        oldest_s = max(sample.oldest_s for sample in samples)
        rows += [
            ("most files waiting", f"{highest.backlog}, after {highest.at_s:.0f} s"),
            ("greatest depth of the queue", f"{max(depths, default=0)} messages"),
            ("longest delay while users sent", f"{oldest_s:.1f} s"),
        ]
    return Block(title="Where it breaks", columns=("", ""), rows=[*rows, *_first_failure(timeline)])


def _first_failure(timeline: Timeline) -> list[Row]:
    found = timeline.first_break
    if found is None:
        return [("first failure", "none: it carried this load")]
    sample = found.sample
    return [
        ("first failure", f"after {sample.at_s:.0f} s"),
        ("- users then", f"{sample.users}"),
        ("- files done a second then", f"{found.rate:.2f}"),
        ("- files waiting then", f"{sample.backlog}"),
        ("- depth of the queue then", f"{sample.depth if sample.depth is not None else 'not asked yet'}"),
        ("- what failed", found.reason),
    ]


def show(blocks: Sequence[Block]) -> None:
    """Print tables to standard output."""
    console = Console()
    for block in blocks:
        if console.is_terminal:
            console.print(_table(block))
        else:
            sys.stdout.write("\n".join(plain(block)) + "\n\n")
    sys.stdout.flush()


def plain(block: Block) -> list[str]:
    """A table as lines: a title, then aligned columns."""
    head = [block.columns] if any(block.columns) else []
    rows = [*head, *block.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(block.columns))]
    return [
        block.title,
        *(
            _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ),
    ]


def _table(block: Block) -> Table:
    table = Table(title=block.title, show_header=any(block.columns), title_justify="left")
    for column in block.columns:
        table.add_column(column)
    for row in block.rows:
        table.add_row(*row)
    return table


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"
