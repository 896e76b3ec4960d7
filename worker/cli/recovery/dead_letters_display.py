"""How the commands about dead letters print what they found and did."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from worker.cli.printing import make_console, make_table, sanitise
from worker.maintenance.dead_letters.dead_letter import short_id
from worker.maintenance.file_filter import MOVED_BY_SQS
from worker.runtime.remedies import remedy

if TYPE_CHECKING:
    from worker.aws.ledger_row import FileRow
    from worker.maintenance.dead_letters.dead_letter import DeadLetter
    from worker.maintenance.dead_letters.redrive import Redriven
    from worker.maintenance.dead_letters.walk import DeadLetterWalk

_MOST_FILES = 3
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def age(seconds: float) -> str:
    """A time as one number with its unit, as the filters take it."""
    for size_s, unit in _UNITS:
        if seconds >= size_s:
            return f"{int(seconds // size_s)}{unit}"
    return f"{max(0, int(seconds))}s"


def message_values(letter: DeadLetter, *, now_ms: float, whole: bool = False) -> dict[str, Any]:
    """A dead letter as plain values, for JSON; `whole` with its body and its attribute."""
    message = letter.message
    files = [
        {
            "bucket": file.bucket,
            "key": file.key,
            "path": file.display_path,
            "file_id": file.file_id,
            "event_type": file.event_type.value,
            "row": _row_values(row),
        }
        for file, row in zip(letter.files, letter.rows or (None,) * len(letter.files), strict=True)
    ]
    values = {
        "message_id": letter.message_id,
        "code": letter.code,
        "reason": letter.reason,
        "stage": letter.stage,
        "remedy": remedy(letter.code),
        "age_s": round(max(0.0, now_ms - message.sent_at_ms) / 1000),
        "sent_at_ms": message.sent_at_ms,
        "first_seen_ms": message.first_seen_ms,
        "receives": letter.receives,
        "original_message_id": letter.original_id,
        "correlation": message.correlation,
        MOVED_BY_SQS: letter.code == MOVED_BY_SQS,
        "problem": letter.problem,
        "files": files,
    }
    return {**values, "body": message.body, "cis": dict(message.cis)} if whole else values


def print_messages(letters: list[DeadLetter], *, now_ms: float) -> None:
    """Print a line for each, and what to do by reason."""
    console = make_console()
    if not letters:
        console.print("No dead letters.")
        return
    table = make_table("id", "age", "reason", "file, and what happened")
    for letter in letters:
        table.add_row(
            short_id(letter.message_id),
            age((now_ms - letter.message.sent_at_ms) / 1000),
            Text(sanitise(letter.code)),
            _story(letter),
        )
    console.print(table)
    for code, count in Counter(letter.code for letter in letters).most_common():
        console.print(Text(f"{count:,} {sanitise(code)}: {remedy(code)}"))


def print_message(letter: DeadLetter, *, now_ms: float) -> None:
    """Print one whole."""
    console, values = make_console(), message_values(letter, now_ms=now_ms)
    table = make_table("field", "value")
    for name in ("message_id", "code", "reason", "stage", "remedy", "receives", "original_message_id"):
        table.add_row(name, Text(sanitise(str(values[name]))))
    table.add_row("age", age(values["age_s"]))
    table.add_row("first seen", age((now_ms - letter.message.first_seen_ms) / 1000) + " ago")
    table.add_row("correlation", Text(sanitise(letter.message.correlation)))
    for file in values["files"]:
        row = file["row"]
        table.add_row("file", Text(sanitise(f"s3://{file['bucket']}/{file['key']}")))
        table.add_row("ledger", Text(sanitise(json.dumps(row, ensure_ascii=False) if row else "no row")))
    console.print(table)
    console.print(Text(sanitise(_pretty(letter.message.body))))


def print_done(result: Redriven, *, what: str, is_dry_run: bool) -> None:
    """Print what was done to how many messages."""
    console = make_console()
    table = make_table("reason", "messages")
    for code, count in result.matched.most_common():
        table.add_row(Text(sanitise(code)), f"{count:,}")
    if table.row_count:
        console.print(table)
    if is_dry_run:
        console.print(f"{result.matched.total():,} would be {what}; nothing was changed.")
        return
    console.print(f"{result.done:,} {what}.")
    if result.unreadable:
        console.print(
            f"{result.unreadable:,} left: no worker can read them. "
            f"`--reason malformed_message` or their ids name them all the same."
        )
    if result.undeleted:
        console.print(f"{result.undeleted:,} could not be deleted and come back; once more does no harm.")
    if result.failed:
        console.print(Text(f"{result.failed:,} failed and stay: {sanitise(result.error)}"))


def done_values(
    result: Redriven, walk: DeadLetterWalk, *, about: int, what: str, is_dry_run: bool
) -> dict[str, Any]:
    """What was done as plain values, for JSON."""
    return {
        "dry_run": is_dry_run,
        "matched": result.matched.total(),
        "by_reason": dict(result.matched.most_common()),
        what: 0 if is_dry_run else result.done,
        "failed": result.failed,
        "unreadable": result.unreadable,
        "undeleted": result.undeleted,
        "error": result.error,
        "stopped": result.is_stopped,
        "seen": walk.seen,
        "about": about,
    }


def notes(walk: DeadLetterWalk, *, about: int, is_whole: bool) -> list[str]:
    """What the operator should know about a walk over a queue of about so many messages."""
    said = []
    if is_whole and walk.seen < about:
        said.append(
            f"SQS counts about {about:,} messages, {walk.seen:,} were received: the others are hidden by "
            f"another reader, or by an answer that was lost. They come back within {walk.hold_s:,} s."
        )
    if walk.unreleased:
        said.append(f"{walk.unreleased:,} messages are visible again in {walk.hold_s:,} s only.")
    if walk.ledger_error:
        said.append(f"The ledger could not be read: {walk.ledger_error}")
    return said


def _story(letter: DeadLetter) -> Text:
    story = Text()
    for file, row in list(zip(letter.files, letter.rows, strict=False))[:_MOST_FILES]:
        state = f" [{row.state.value}]" if row is not None else " [no row]"
        story.append(f"{sanitise(file.display_path)}", "bold").append(f"{state}\n", "dim")
    if len(letter.files) > _MOST_FILES:
        story.append(f"and {len(letter.files) - _MOST_FILES} more files\n", "dim")
    return story.append(sanitise(letter.reason or letter.problem)[:200])


def _row_values(row: FileRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("fence", "failures", "crash_strikes", "interruptions", "owner", "reason", "reason_message")
    values = asdict(row)
    return {"state": row.state.value, **{name: values[name] for name in names}, "updated_at": row.updated_at}


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
