"""The commands about dead letters: dlq list, show, redrive, purge."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json

if TYPE_CHECKING:
    from worker.maintenance.dead_letters.dead_letter import DeadLetter

dlq = typer.Typer(
    name="dlq",
    help="Look at, redrive and purge what is on the dead-letter queue.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="CODE", help="Only with this code (docs/errors.md); may be repeated."),
]
Types = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only files of this type, for example pdf.")
]
Prefix = Annotated[
    str, typer.Option(metavar="PREFIX", help="Only files whose key, or bucket/key, begins with this.")
]
OlderThan = Annotated[
    str, typer.Option("--older-than", metavar="AGE", help="Only older ones: 90s, 15m, 12h, 7d.")
]
NewerThan = Annotated[str, typer.Option("--newer-than", metavar="AGE", help="Only newer ones.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Most messages to take.")]
Rate = Annotated[float | None, typer.Option(min=0.1, help="Messages a second, at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[MESSAGE]...", help="Only these: message ids, or files."),
]


@dlq.command("list", short_help="List the dead letters and what to do.")
def list_(
    *,
    reason: Reasons = None,
    type: Types = None,
    prefix: Prefix = "",
    older_than: OlderThan = "",
    newer_than: NewerThan = "",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters: age, reason, file, state in the ledger, and what to do about each reason.

    The queue can only be read by receiving: its messages are hidden while this runs, and visible again at
    the end, also after Ctrl-C. Messages that SQS moved itself have the reason moved_by_sqs.
    Exit status: 0, 130 after Ctrl-C, 2 for wrong settings or an unreachable service.

    Example: `cis-worker dlq list --reason timeout --type pdf --newer-than 12h`
    """
    from worker.cli.recovery.dead_letter_run import make_dead_letter_filter, open_run, slim
    from worker.cli.recovery.dead_letters_display import message_values, print_messages

    wanted = make_dead_letter_filter(reason, type, prefix, older_than=older_than, newer_than=newer_than)
    letters: list[DeadLetter] = []
    with open_run(
        wanted, what="reading", limit=limit, on_message=lambda each: letters.append(slim(each))
    ) as run:
        result = run.command.list()
    now_ms = time.time() * 1000
    if as_json:
        print_json(
            {
                "seen": run.walk.seen,
                "about": run.about,
                "by_reason": dict(result.matched.most_common()),
                "messages": [message_values(letter, now_ms=now_ms) for letter in letters],
            }
        )
    else:
        print_messages(letters, now_ms=now_ms)
    run.end(result)


@dlq.command(short_help="Show one dead letter whole.")
def show(
    message: Annotated[str, typer.Argument(help="Message id (8 characters are enough), or a file's key.")],
    as_json: AsJson = False,
) -> None:
    """Show a dead letter whole: reason, stage, ids, age, receives, its body, and the file's row.

    Exit status: 0, 1 when there is none, 2 for wrong settings or an unreachable service.

    Example: `cis-worker dlq show share/報告書.pdf`
    """
    from worker.cli.recovery.dead_letter_run import make_dead_letter_filter, open_run
    from worker.cli.recovery.dead_letters_display import message_values, print_message

    letters: list[DeadLetter] = []
    wanted = make_dead_letter_filter(None, None, "", names=[message])
    with open_run(wanted, what="searching", on_message=letters.append) as run:
        result = run.command.list()
    now_ms = time.time() * 1000
    if as_json:
        print_json({"messages": [message_values(letter, now_ms=now_ms, whole=True) for letter in letters]})
    else:
        for letter in letters:
            print_message(letter, now_ms=now_ms)
    if not letters:
        typer.echo(f"cis-worker: no dead letter is called {message}", err=True)
    run.end(result, status=int(not letters))


@dlq.command(short_help="Have dead letters processed again.")
def redrive(
    messages: Names = None,
    *,
    reason: Reasons = None,
    type: Types = None,
    prefix: Prefix = "",
    older_than: OlderThan = "",
    newer_than: NewerThan = "",
    limit: Limit = None,
    rate: Rate = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have dead letters processed again, with all counts reset; fix the cause first.

    Each is sent to the work queue and then deleted. Older events do no harm: the worker looks at the object
    itself. What no worker could read stays, unless its id or its reason is given.
    Exit status: 0; 1 when some failed and stay; 130 after Ctrl-C; 2 for wrong settings or an outage.

    Example: `cis-worker dlq redrive --reason source_forbidden --rate 20`
    """
    from worker.aws.row_reset import RowReset
    from worker.cli.recovery.dead_letter_run import make_dead_letter_filter, open_run
    from worker.maintenance.opening import open_work_queue

    wanted = make_dead_letter_filter(
        reason, type, prefix, older_than=older_than, newer_than=newer_than, names=messages or []
    )
    with open_run(wanted, what="redriving", limit=limit, rate=rate) as run:
        if dry_run:
            result = run.command.list()
        else:
            table = run.settings.file_table
            result = run.command.redrive(
                open_work_queue(run.settings, run.clients),
                RowReset(client=run.clients.dynamodb, table=table),
            )
    run.print_done(result, what="redriven", is_dry_run=dry_run, as_json=as_json)


@dlq.command(short_help="Delete dead letters for good.")
def purge(
    messages: Names = None,
    *,
    reason: Reasons = None,
    type: Types = None,
    prefix: Prefix = "",
    older_than: OlderThan = "",
    newer_than: NewerThan = "",
    limit: Limit = None,
    rate: Rate = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete dead letters for good: those that meet the conditions, all of them without any.

    Rows of the ledger stay: dead-lettered files are found by their name, and `cis-worker rerun` processes
    them again. Without --yes the messages are counted and the command asks first.
    Exit status: 0; 1 when some could not be deleted or nothing was confirmed; 130 after Ctrl-C; 2 for
    wrong settings or an outage.

    Example: `cis-worker dlq purge --reason malformed_message --yes`
    """
    from worker.cli.recovery.dead_letter_run import make_dead_letter_filter, open_run

    wanted = make_dead_letter_filter(
        reason, type, prefix, older_than=older_than, newer_than=newer_than, names=messages or []
    )
    confirmed: frozenset[str] | None = None
    if dry_run or not yes:
        shown: list[str] = []
        with open_run(
            wanted, what="counting", limit=limit, on_message=lambda each: shown.append(each.message_id)
        ) as run:
            result = run.command.list()
        if dry_run or not shown or result.is_stopped:
            run.print_done(result, what="purged", is_dry_run=True, as_json=as_json)
        _confirm(len(shown))
        confirmed = frozenset(shown)
    with open_run(wanted, what="purging", limit=limit, rate=rate) as run:
        result = run.command.purge(confirmed)
    run.print_done(result, what="purged", is_dry_run=False, as_json=as_json)


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        typer.echo(f"cis-worker: {count} messages would be deleted for good; give --yes.", err=True)
        raise typer.Exit(1)
    if not typer.confirm(f"Delete {count} messages for good?", err=True):
        raise typer.Exit(1)
