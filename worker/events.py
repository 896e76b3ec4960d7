"""Parse queue message bodies into FileMessages, each record for itself.

    native        {"eventType": "FILE_UPLOADED", "s3Bucket": ..., "s3Key": ...}
    S3            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {...}}]}; keys are url-encoded
    S3 test       {"Event": "s3:TestEvent"}, sent once when a notification is set up; names no file
    EventBridge   {"detail-type": "Object Created", "detail": {...}}; keys are not encoded
    SNS           {"Type": "Notification", "Message": "<one of the above>"}

Anything else is rejected with a reason, so that it is dead-lettered and never dropped silently; a rejected
record leaves the others of its message alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from worker.errors import Code, DeadLetterError
from worker.models.event_forms import (
    TEST_EVENT,
    EventBridgeEvent,
    NativeEvent,
    NotificationRecord,
    ignored_eventbridge,
    ignored_notification,
    quote,
)
from worker.models.file import EventType, FileMessage

_MAX_PROBLEMS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRecord:
    """A record that cannot be processed, and why; `body` is a message body of this one record."""

    body: str
    code: Code
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedBody:
    """What a message body says. `ignored` has the kinds of known events that change no content."""

    files: tuple[FileMessage, ...] = ()
    ignored: tuple[str, ...] = ()
    rejected: tuple[RejectedRecord, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """One record: `form` is a body of it alone, `read` its file, or the kind of an ignored event."""

    form: object
    read: Callable[[], FileMessage | str]


def parse(body: str, *, source_buckets: Collection[str] = ()) -> ParsedBody:
    """The files that a message body names, with the records that are ignored or rejected.

    A move is two files: the new key as an upload, the previous key as a delete. With `source_buckets` given,
    files may come from these buckets only. Raises DeadLetterError, with the code MALFORMED_MESSAGE or
    SOURCE_NOT_ALLOWED, when nothing in the body can be processed.
    """
    files: list[FileMessage] = []
    ignored: list[str] = []
    rejected: list[RejectedRecord] = []
    for record in _records(_decode_json(body), inside_sns=False):
        try:
            match record.read():
                case str(kind):
                    ignored.append(kind)
                case FileMessage() as file:
                    _check_source(file, source_buckets)
                    files.append(file)
        except DeadLetterError as error:
            rejected.append(RejectedRecord(body=json.dumps(record.form), code=error.code, reason=str(error)))
    if rejected and not files and not ignored:
        # No record would be kept from its fate, so the message goes as it came.
        others = f" ({len(rejected) - 1} more rejected)" if len(rejected) > 1 else ""
        raise DeadLetterError(f"{rejected[0].reason}{others}", code=rejected[0].code)
    return ParsedBody(files=tuple(files), ignored=tuple(ignored), rejected=tuple(rejected))


def _check_source(file: FileMessage, source_buckets: Collection[str]) -> None:
    if source_buckets and file.bucket not in source_buckets:
        raise DeadLetterError(
            f"Bucket {file.bucket} is not a source of this worker. "
            "If its files are wanted, add it to CIS_SOURCE_BUCKETS and redrive the message.",
            code=Code.SOURCE_NOT_ALLOWED,
        )


def _decode_json(body: str) -> object:
    try:
        # Unlike json.loads this bounds the nesting and refuses lone surrogates and NaN.
        return from_json(body.encode(), allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise _format_error(f"not JSON ({error})") from error


def _records(envelope: object, *, inside_sns: bool) -> Iterator[_Record]:
    match envelope:
        case dict() if envelope.get("eventType") == EventType.FILE_MOVED:
            return _moved(envelope)
        case {"eventType": _}:
            return iter([_Record(form=envelope, read=partial(_read, NativeEvent, envelope))])
        case {"Records": list(records)} if records:
            return (_notified(number, record) for number, record in enumerate(records))
        case {"Records": records}:
            raise _format_error(f"Records: a list with at least one record is needed, not {quote(records)}")
        case {"detail-type": kind}:
            return iter([_Record(form=envelope, read=partial(_read_eventbridge, kind, envelope))])
        case {"Event": "s3:TestEvent"}:
            return iter([_Record(form=envelope, read=lambda: TEST_EVENT)])
        case {"Type": "Notification", "Message": str(inner)} if not inside_sns:
            # One level only: SNS inside SNS does not occur, and nesting by an attacker must end.
            return _records(_decode_json(inner), inside_sns=True)
        case {"Type": kind}:
            raise _format_error(f"an SNS message of type {quote(kind)} that holds no event")
        case dict():
            raise _format_error(f"none of the known forms; its fields are {quote(sorted(envelope))}")
    raise _format_error(f"a JSON object is needed, not {quote(envelope)}")


def _moved(event: Mapping[str, Any]) -> Iterator[_Record]:
    """The two halves of a move, as the two events that it stands for."""
    previous = event.get("previousS3Key")
    uploaded = {name: value for name, value in event.items() if name != "previousS3Key"}
    uploaded["eventType"] = EventType.FILE_UPLOADED.value
    deleted = {
        "eventType": EventType.FILE_DELETED.value,
        "s3Bucket": event.get("s3Bucket"),
        "s3Key": previous,
    }
    # The new key first: if the second file fails, the content is not lost from the index.
    yield _Record(form=uploaded, read=partial(_read_moved, uploaded, deleted))
    if previous is None:
        # Without its own key the half has no event of its own, only the move itself.
        yield _Record(form=event, read=_read_missing_previous_key)
    elif previous != event.get("s3Key"):
        yield _Record(form=deleted, read=partial(_read, NativeEvent, deleted, key_name="previousS3Key"))


def _read_moved(uploaded: object, deleted: object) -> FileMessage:
    file = _read(NativeEvent, uploaded)
    try:
        return replace(file, previous_key=_read(NativeEvent, deleted).key)
    except DeadLetterError:
        # The other half is a record of its own, with this reason.
        return file


def _read_missing_previous_key() -> FileMessage:
    raise _format_error("previousS3Key: missing from a FILE_MOVED event")


def _notified(number: int, record: object) -> _Record:
    return _Record(form={"Records": [record]}, read=partial(_read_notified, number, record))


def _read_notified(number: int, record: object) -> FileMessage | str:
    name = record.get("eventName") if isinstance(record, dict) else None
    return ignored_notification(name) or _read(NotificationRecord, record, at=("Records", number))


def _read_eventbridge(kind: object, event: object) -> FileMessage | str:
    return ignored_eventbridge(kind) or _read(EventBridgeEvent, event)


def _read(
    form: type[NativeEvent] | type[NotificationRecord] | type[EventBridgeEvent],
    event: object,
    *,
    at: tuple[int | str, ...] = (),
    key_name: str = "s3Key",
) -> FileMessage:
    try:
        return form.model_validate(event).file()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)[:_MAX_PROBLEMS]
        reason = "; ".join(_explain((*at, *item["loc"]), item["msg"], key_name) for item in problems)
        raise _format_error(reason) from error


def _explain(location: tuple[int | str, ...], message: str, key_name: str) -> str:
    problem = message.removeprefix("Value error, ").partition(" or instance of")[0]
    return f"{'.'.join(key_name if part == 's3Key' else str(part) for part in location)}: {problem}"


def _format_error(reason: str) -> DeadLetterError:
    return DeadLetterError(f"The message cannot be read: {reason}", code=Code.MALFORMED_MESSAGE)
