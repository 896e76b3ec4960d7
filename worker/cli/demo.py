"""The command `demo`: the whole system on this machine, interrupted, replaced and judged."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from worker import log
from worker.local.demo import DemoResult, Progress, run_demo
from worker.local.demo_checks import Check
from worker.local.demo_facts import DemoDocument, Facts, Happening, Mood, Search

_PLAN = """\
This demo runs the whole system on this machine, without an AWS account:
  1. an embedded S3, SQS, DynamoDB, Bedrock and instance metadata service, and one real worker process
  2. {files} are generated and uploaded to S3, a 12-page scan first
  3. in the middle of the scan a Spot notice takes the worker's machine away; a replacement goes on
  4. the ledger, the queues and the workers' logs must show that nothing was lost or done twice
It takes about a minute. Everything is kept in {home}.
"""
_FILES = "Japanese and English office documents"
_STYLES = {Mood.PLAIN: "", Mood.GOOD: "bold green", Mood.WARNING: "bold yellow"}
_PLAIN_EVERY_S = 3.0
_SHOWN_HAPPENINGS = 9
_MARKED = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


def demo(
    home: Annotated[
        Path, typer.Option(help="Folder for samples, index and page; emptied when it is an earlier demo's.")
    ] = Path("demo-home"),
    keep: Annotated[
        bool, typer.Option(help="Keep samples and index, for `cis-worker search`; else only the page.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; progress goes to standard error.")
    ] = False,
) -> None:
    """Show the whole system at work: a worker interrupted in mid-scan, and its replacement.

    Exit status: 0 when everything it shows is true, 1 when a check failed (it is named), 2 when it
    could not run.

    Example: `cis-worker demo --home demo-home`
    """
    # Without this a SIGTERM would leave the workers behind.
    signal.signal(signal.SIGTERM, _interrupt)
    log.configure("error", stream=sys.stderr)
    console = Console(stderr=as_json, highlight=False, soft_wrap=not sys.stdout.isatty())
    console.print(_PLAN.format(files=_FILES, home=home), markup=False)
    with _shown(console) as show:
        result = run_demo(home, keep=keep, show=show)
    if as_json:
        typer.echo(json.dumps(_as_json(result), ensure_ascii=False))
    else:
        _print_result(console, result)
    raise typer.Exit(0 if result.passed else 1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


class _PlainProgress:
    """Progress as lines: what happened at once, the figures every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        for happening in progress.happenings[self._told :]:
            self._console.print(f"{happening.at_s:6.1f} s  {happening.text}", markup=False)
        self._told = len(progress.happenings)
        if progress.at_s >= self._next_s:
            self._next_s = progress.at_s + _PLAIN_EVERY_S
            self._console.print(f"{progress.at_s:6.1f} s  {_figures(progress)}", markup=False)


class _LiveProgress:
    """Progress as one panel that is drawn anew."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def __call__(self, progress: Progress) -> None:
        self._live.update(_panel(progress))


@contextmanager
def _shown(console: Console) -> Iterator[_PlainProgress | _LiveProgress]:
    if not console.is_terminal:
        yield _PlainProgress(console)
        return
    with Live(Text("Starting the embedded stack and generating samples ..."), console=console) as live:
        yield _LiveProgress(live)


def _figures(progress: Progress) -> str:
    worker = f"worker {progress.worker} at work" if progress.worker else "no worker"
    return (
        f"documents {progress.documents_done}/{progress.documents}, "
        f"pages {progress.pages_done}/{progress.pages} ({progress.pages_per_s:.1f}/s), "
        f"queue {progress.waiting} waiting + {progress.in_flight} in flight, "
        f"failures {progress.failures}, {worker}"
    )


def _panel(progress: Progress) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column()
    table.add_column()
    documents, pages = progress.documents_done, progress.pages_done
    table.add_row("documents", _bar(documents, progress.documents), f"{documents} of {progress.documents}")
    table.add_row(
        "pages", _bar(pages, progress.pages), f"{pages} of {progress.pages}, {progress.pages_per_s:.1f}/s"
    )
    table.add_row("queue", f"{progress.waiting} waiting, {progress.in_flight} in flight")
    table.add_row("failures", str(progress.failures))
    worker = Text(f"number {progress.worker}", "green") if progress.worker else Text("none", "bold yellow")
    table.add_row("worker", worker)
    happenings = Text()
    for happening in progress.happenings[-_SHOWN_HAPPENINGS:]:
        happenings.append_text(_line(happening))
    body = Table.grid()
    body.add_row(table)
    body.add_row(Text(""))
    body.add_row(happenings)
    return Panel(body, title=f"cis-worker demo, {progress.at_s:.0f} s", title_align="left", padding=(1, 2))


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(1, total), completed=done, width=36)


def _line(happening: Happening) -> Text:
    line = Text(f"{happening.at_s:6.1f} s  ", "dim")
    return line.append(f"{happening.text}\n", _STYLES[happening.mood])


def _print_result(console: Console, result: DemoResult) -> None:
    facts = result.facts
    console.print(_summary(facts))
    console.print()
    for search in facts.searches:
        console.print(_hits(search))
    for check in result.checks:
        console.print(_check(check))
    failed = [check.name for check in result.checks if not check.passed]
    console.print()
    if failed:
        console.print(f"FAILED: {', '.join(failed)}", style="bold red")
    else:
        first, second = facts.scan_pages_by(1), facts.scan_pages_by(2)
        console.print(
            f"Nothing lost, nothing done twice: worker 1 read {first} pages of the scan, "
            f"worker 2 the other {second}. {facts.took_s:.0f} s in all.",
            style="bold green",
        )
    typer.echo(str(result.page.resolve()))


def _summary(facts: Facts) -> Table:
    table = Table(title="Summary", title_justify="left", header_style="bold")
    for name in ("file", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("pages", "language", "confidence", "likeness", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("reason")
    for document in facts.documents:
        values = _document_values(document)
        cells = ["" if value is None else str(value) for value in values.values()]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _document_values(document: DemoDocument) -> dict[str, str | int | float | None]:
    """One row of the summary; also its JSON form."""
    row, read = document.row, document.document
    likeness, took_s = document.similarity, document.took_s
    return {
        "file": document.name,
        "state": row.state.value if row else None,
        "pages": len(document.pages),
        "language": read.language if read else None,
        "confidence": read.confidence if read else None,
        "similarity": None if likeness is None else round(likeness, 3),
        "seconds": None if took_s is None else round(took_s, 1),
        "reason": row.reason if row else None,
    }


def _hits(search: Search) -> Text:
    text = Text()
    text.append(f"search {search.query}", "bold").append(f"  {search.total} found\n", "dim")
    for hit in search.hits:
        text.append(f"  {hit.file_name}, page {hit.page}\n").append("    ")
        for number, part in enumerate(_MARKED.split(hit.snippet)):
            text.append(part, "bold black on yellow" if number % 2 else "")
        text.append("\n")
    return text


def _check(check: Check) -> Text:
    text = Text("passed  " if check.passed else "FAILED  ", "green" if check.passed else "bold red")
    text.append(check.claim).append(f"  ({check.detail})", "dim")
    return text


def _as_json(result: DemoResult) -> dict[str, object]:
    facts = result.facts
    return {
        "passed": result.passed,
        "report": str(result.page.resolve()),
        "seconds": round(facts.took_s, 1),
        "documents": [_document_values(document) for document in facts.documents],
        "scan": {
            "pages": facts.scan_pages,
            "pages_by_worker": [facts.scan_pages_by(number) for number in (1, 2)],
        },
        "queue": {"waiting": facts.waiting, "dead_letters": facts.dead_letters},
        "checks": [
            {"name": check.name, "claim": check.claim, "passed": check.passed, "detail": check.detail}
            for check in result.checks
        ],
        "searches": [
            {
                "query": search.query,
                "total": search.total,
                "hits": [
                    {"file_name": hit.file_name, "page": hit.page, "snippet": hit.snippet}
                    for hit in search.hits
                ],
            }
            for search in facts.searches
        ],
    }
