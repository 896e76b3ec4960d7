"""`python -m bench.operator_drill [DOCUMENTS BROKEN]`: print the table; exit 1 where something is left."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from bench.operator_drill.drill import Report, run_drill


def _print(report: Report) -> None:
    table = Table(title="what an operator gets back")
    for column in ("what was broken", "command", "what it said", "state afterwards", ""):
        table.add_column(column, overflow="fold")
    for step in report.steps:
        after = f"{step.fixed} of {step.broken} {step.expected}"
        table.add_row(step.what, step.command, step.said, after, "ok" if step.is_passed else "FAILED")
    console = Console(width=150)
    console.print(table)
    console.print(f"before: {report.before}", markup=False)
    console.print(f"after:  {report.after}", markup=False)
    console.print(f"healthy documents that were touched: {report.changed}")


def main(arguments: list[str]) -> int:
    """Run the drill with so many documents, of which so many are broken."""
    documents, broken = map(int, arguments or ("1000", "60"))
    report = run_drill(documents=documents, broken=broken, say=Console(stderr=True).print)
    _print(report)
    return 0 if report.is_passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
