"""The demo in the terminal: its plan, its progress, its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from worker.cli.printing import fold, make_console, sanitise, snippet_parts
from worker.demo.checks import DemoCheck
from worker.demo.demo_run import DemoProgress, DemoResult
from worker.demo.run_record import DemoDocument, Event, RunRecord, Search, Severity

_PLAN = """\
This demo runs the whole system on this machine, without an AWS account:
  1. it starts an embedded S3, SQS, DynamoDB, Bedrock and instance metadata service, and one worker;
  2. it uploads Japanese and English office documents to S3, a 12-page scan first;
  3. in the middle of the scan a Spot notice terminates the worker's machine, and a replacement starts;
  4. it shows from ledger, queues, logs and index that nothing was lost and nothing done twice.
"""
_STYLES = {Severity.PLAIN: "", Severity.GOOD: "bold green", Severity.WARNING: "bold yellow"}
_INTERVAL_S = 3.0
_PIPE_WIDTH = 120
_MAX_EVENTS = 9
_HIT = "bold black on yellow"


def demo_console(*, stderr: bool) -> Console:
    """The console of the demo; a file or a pipe is made wide enough for its table."""
    return make_console(stderr=stderr, width=_PIPE_WIDTH)


def print_plan(console: Console, home: Path) -> None:
    """Print what the demo will do."""
    console.print(f"{_PLAN}Everything is kept in {sanitise(str(home))}.\n", markup=False)


@contextmanager
def progress_display(console: Console) -> Iterator[Callable[[DemoProgress], None]]:
    """A function to call with the progress: it updates a panel on a terminal, else it prints lines."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    with Live(Text("The embedded stack starts, the samples are made ..."), console=console) as live:
        yield lambda progress: live.update(progress_panel(progress))


class PlainProgress:
    """Progress as lines: events at once, the figures every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_events = 0
        self._next_s = 0.0

    def __call__(self, progress: DemoProgress) -> None:
        """Print the events since the last call, and the figures when they are due."""
        for event in progress.events[self._printed_events :]:
            self._print(event.at_s, event.text)
        self._printed_events = len(progress.events)
        if progress.at_s >= self._next_s:
            self._next_s = progress.at_s + _INTERVAL_S
            self._print(progress.at_s, _figures_line(progress))

    def _print(self, at_s: float, text: str) -> None:
        self._console.print(f"{at_s:6.1f} s  {sanitise(text)}", markup=False, soft_wrap=True)


def _figures_line(progress: DemoProgress) -> str:
    worker = f"worker {progress.worker} runs" if progress.worker else "no worker"
    return (
        f"documents {progress.documents_done}/{progress.documents}, "
        f"pages {progress.pages_done}/{progress.pages} ({progress.pages_per_s:.1f}/s), "
        f"queue {progress.waiting} waiting + {progress.in_flight} in flight, "
        f"failures {progress.failures}, {worker}"
    )


def progress_panel(progress: DemoProgress) -> Panel:
    """The progress as a panel, with the last events."""
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
    events = Text()
    for event in progress.events[-_MAX_EVENTS:]:
        events.append_text(_event_line(event))
    body = Table.grid()
    body.add_row(table)
    body.add_row(Text(""))
    body.add_row(events)
    return Panel(body, title=f"cis-worker demo, {progress.at_s:.0f} s", title_align="left", padding=(1, 2))


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(
        total=max(1, total), completed=done, width=36, complete_style="blue", finished_style="green"
    )


def _event_line(event: Event) -> Text:
    line = Text().append(f"{event.at_s:6.1f} s  ", "dim")
    return line.append(f"{sanitise(event.text)}\n", _STYLES[event.severity])


def print_result(console: Console, result: DemoResult, *, keep: bool) -> None:
    """Print the summary, the searches and the checks; the last line is the path of the page."""
    record = result.record
    console.print(_summary(record))
    console.print()
    for search in record.searches:
        _print_hits(console, search)
    for check in result.checks:
        _print_check(console, check)
    failed = [check.name for check in result.checks if not check.passed]
    console.print()
    if failed:
        console.print(f"FAILED: {', '.join(failed)}", style="bold red")
    else:
        first, second = record.scan_pages_by(1), record.scan_pages_by(2)
        console.print(
            f"Nothing lost, nothing done twice: worker 1 read {first} pages of the scan, "
            f"worker 2 the other {second}. {record.took_s:.0f} s in all.",
            style="bold green",
        )
    if keep:
        console.print(f"Search it yourself: cis-worker search 契約 --home {result.page.parent}", markup=False)
    typer.echo(str(result.page.resolve()))


def _summary(record: RunRecord) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("state", no_wrap=True)
    for name in ("pages", "lang.", "conf.", "similarity", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("reason", no_wrap=True)
    for document in record.documents:
        values = _document_values(document).values()
        table.add_row(*("" if value is None else Text(sanitise(str(value))) for value in values))
    return table


def _document_values(document: DemoDocument) -> dict[str, str | int | float | None]:
    """One row of the summary; also its JSON form."""
    row, read = document.row, document.document
    similarity, took_s = document.similarity, document.took_s
    return {
        "file": document.name,
        "state": row.state.value if row else None,
        "pages": len(document.pages),
        "language": read.language if read else None,
        "confidence": read.confidence if read else None,
        "similarity": None if similarity is None else round(similarity, 3),
        "seconds": None if took_s is None else round(took_s, 1),
        "reason": row.reason if row else None,
    }


def _print_hits(console: Console, search: Search) -> None:
    console.print(Text.assemble((f"search {search.query}", "bold"), (f"  {search.total} found", "dim")))
    for hit in search.hits:
        console.print(Text(f"  {sanitise(hit.file_name)}, page {hit.page}"))
        # Without colours the brackets of the snippet show the match.
        parts = snippet_parts(hit.snippet) if console.is_terminal else [(sanitise(hit.snippet), False)]
        for line in fold(parts, console.width - 4):
            styled = ((part, _HIT if is_match else "") for part, is_match in line)
            console.print(Text.assemble("    ", *styled), soft_wrap=True)
    console.print()


def _print_check(console: Console, check: DemoCheck) -> None:
    verdict = ("passed  ", "green") if check.passed else ("FAILED  ", "bold red")
    console.print(Text.assemble(verdict, check.claim))
    console.print(Padding(Text(sanitise(check.detail), "dim"), (0, 0, 0, 8), expand=False))


def as_dict(result: DemoResult) -> dict[str, object]:
    """The result as plain values, for JSON."""
    record = result.record
    return {
        "passed": result.has_passed,
        "report": str(result.page.resolve()),
        "seconds": round(record.took_s, 1),
        "documents": [_document_values(document) for document in record.documents],
        "scan": {
            "pages": record.scan_pages,
            "pages_by_worker": [record.scan_pages_by(number) for number in (1, 2)],
        },
        "queue": {"waiting": record.waiting, "dead_letters": record.dead_letters},
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
            for search in record.searches
        ],
    }
