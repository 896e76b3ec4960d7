"""One run of a command on the dead-letter queue: opened from the settings, ended with notes and a status."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import typer

from worker.aws.clients import Clients, make_clients
from worker.aws.inspection import read_queue
from worker.cli.interruption import Interruption, handle_signals
from worker.cli.printing import print_json
from worker.cli.progress_line import ProgressLine
from worker.cli.recovery.dead_letters_display import done_values, notes, print_done
from worker.config import Settings, load_settings
from worker.maintenance.dead_letters.dead_letter import DeadLetter
from worker.maintenance.dead_letters.redrive import DeadLetterCommand, Redriven
from worker.maintenance.dead_letters.walk import DeadLetterFilter, DeadLetterWalk
from worker.maintenance.file_filter import make_filter, parse_age
from worker.maintenance.opening import open_walk
from worker.maintenance.pace import Pace
from worker.maintenance.progress import ProgressMeter
from worker.runtime import log


@dataclass(kw_only=True, slots=True)
class DeadLetterRun:
    """One command on the queue, which had about `about` messages at its beginning."""

    settings: Settings
    clients: Clients
    walk: DeadLetterWalk
    command: DeadLetterCommand
    interruption: Interruption
    about: int

    def print_done(self, result: Redriven, *, what: str, is_dry_run: bool, as_json: bool) -> None:
        """Print what was done, and exit."""
        if as_json:
            print_json(done_values(result, self.walk, about=self.about, what=what, is_dry_run=is_dry_run))
        else:
            print_done(result, what=what, is_dry_run=is_dry_run)
        self.end(result, status=int(bool(result.failed or result.undeleted)))

    def end(self, result: Redriven, *, status: int = 0) -> None:
        """Say what the operator should know, and exit."""
        is_whole = not result.is_stopped and self.command.limit is None
        for note in notes(self.walk, about=self.about, is_whole=is_whole):
            typer.echo(f"note: {note}", err=True)
        raise typer.Exit(self.interruption.status or status)


@contextmanager
def open_run(
    wanted: DeadLetterFilter,
    *,
    what: str,
    limit: int | None = None,
    rate: float | None = None,
    on_message: Callable[[DeadLetter], None] = lambda _: None,
) -> Iterator[DeadLetterRun]:
    """A command on the dead-letter queue that the settings name; what it hides is visible afterwards."""
    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    with handle_signals() as interruption, _end_at_once(interruption):
        wait = interruption.wait
        walk = open_walk(settings, clients, wait=wait)
        about = read_queue(clients.sqs, settings.dlq_url).depth.visible
        with ProgressLine(what) as line, walk:
            command = DeadLetterCommand(
                walk=walk,
                wanted=wanted,
                pace=Pace(rate, wait=wait),
                meter=ProgressMeter(line.report, total=about),
                now_ms=lambda: time.time() * 1000,
                limit=limit,
                on_message=on_message,
            )
            yield DeadLetterRun(
                settings=settings,
                clients=clients,
                walk=walk,
                command=command,
                interruption=interruption,
                about=about,
            )


@contextmanager
def _end_at_once(interruption: Interruption) -> Iterator[None]:
    """A second Ctrl-C ends the command; what is hidden becomes visible by itself."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(interruption.status) from None


def make_dead_letter_filter(
    reasons: list[str] | None,
    types: list[str] | None,
    prefix: str,
    *,
    older_than: str = "",
    newer_than: str = "",
    names: list[str] | None = None,
) -> DeadLetterFilter:
    """The conditions as the options give them. Raises MisconfiguredError for a wrong one."""
    return DeadLetterFilter(
        files=make_filter(reasons or [], types or [], prefix),
        older_than_s=parse_age(older_than) if older_than else None,
        newer_than_s=parse_age(newer_than) if newer_than else None,
        names=tuple(names or ()),
    )


def slim(letter: DeadLetter) -> DeadLetter:
    """The message without its body: a list of ten thousand must fit in memory."""
    return replace(letter, message=replace(letter.message, body=""))
