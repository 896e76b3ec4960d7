"""Parse queue message bodies into FileMessages.

    native        {"eventType": "FILE_UPLOADED", "s3Bucket": ..., "s3Key": ...}
    S3            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {...}}]}; keys are url-encoded
    S3 test       {"Event": "s3:TestEvent"}, sent once when a notification is set up; names no file
    EventBridge   {"detail-type": "Object Created", "detail": {...}}; keys are not encoded
    SNS           {"Type": "Notification", "Message": "<one of the above>"}

Anything else is rejected with a reason, so that it is dead-lettered and never dropped silently. Bodies are
untrusted: values that pass here can be stored, encoded and compared.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import unquote_plus

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    StrictInt,
    ValidationError,
)
from pydantic_core import from_json

from worker.errors import Code, DeadLetterError
from worker.models.file import EventType, FileMessage

_MAX_KEY_BYTES = 1024  # S3's own limit, in UTF-8
_MAX_SIZE_BYTES = 2**63 - 1  # the largest integer of the index and the ledger
# A reason is stored in a message attribute and in the ledger, and printed in one line.
_MAX_QUOTED_CHARS = 80
_MAX_PROBLEMS = 3

_UPLOADED = EventType.FILE_UPLOADED
_DELETED = EventType.FILE_DELETED
_NOTIFICATION_TYPES = {"ObjectCreated": _UPLOADED, "ObjectRemoved": _DELETED, "LifecycleExpiration": _DELETED}
_EVENTBRIDGE_TYPES = {"Object Created": _UPLOADED, "Object Deleted": _DELETED}


def _check_no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def _check_s3_key(value: str) -> str:
    if not value:
        raise ValueError("is empty")
    if len(value.encode()) > _MAX_KEY_BYTES:
        raise ValueError(f"is longer than the {_MAX_KEY_BYTES} bytes of an S3 key")
    return value


def _url_decode(value: object) -> object:
    # S3 encodes a space as "+", and decoding twice would change keys that contain a percent sign.
    try:
        return unquote_plus(value, errors="strict") if isinstance(value, str) else value
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 once it is url-decoded") from error


def _check_timestamp(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("is no ISO 8601 time, for example 2025-04-01T09:30:00Z") from error
    return value


def _notification_type(value: object) -> object:
    family = str(value).removeprefix("s3:").partition(":")[0]
    return _event_type(_NOTIFICATION_TYPES, family, value)


def _eventbridge_type(value: object) -> object:
    return _event_type(_EVENTBRIDGE_TYPES, str(value), value)


def _event_type(types: dict[str, EventType], name: str, value: object) -> EventType:
    if name not in types:
        raise ValueError(f"{_quote(value)} is not one of {', '.join(types)}")
    return types[name]


_Text = Annotated[str, AfterValidator(_check_no_nul)]
_Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")]
_Key = Annotated[_Text, AfterValidator(_check_s3_key)]
_EncodedKey = Annotated[_Key, BeforeValidator(_url_decode)]
# Strict: pydantic would take "12" and true for numbers.
_Size = Annotated[StrictInt, Field(ge=0, le=_MAX_SIZE_BYTES)]
_Time = Annotated[_Text, AfterValidator(_check_timestamp)]


class _Metadata(BaseModel):
    mime_type: _Text | None = Field(default=None, validation_alias=AliasChoices("mimeType", "mime_type"))
    original_path: _Text | None = Field(
        default=None, validation_alias=AliasChoices("originalPath", "original_path")
    )


class _NativeEvent(BaseModel):
    event_type: EventType = Field(validation_alias="eventType")
    bucket: _Bucket = Field(validation_alias="s3Bucket")
    key: _Key = Field(validation_alias="s3Key")
    previous_key: _Key | None = Field(default=None, validation_alias="previousS3Key")
    size_bytes: _Size | None = Field(default=None, validation_alias="fileSize")
    uploaded_at: _Time | None = Field(default=None, validation_alias="uploadedAt")
    metadata: _Metadata | None = None
    original_path: _Text | None = Field(
        default=None, validation_alias=AliasChoices("originalPath", "original_path")
    )


class _S3Bucket(BaseModel):
    name: _Bucket


class _NotificationObject(BaseModel):
    key: _EncodedKey
    size_bytes: _Size | None = Field(default=None, validation_alias="size")
    version_id: _Text | None = Field(default=None, validation_alias="versionId")
    sequencer: _Text | None = None


class _EventBridgeObject(BaseModel):
    key: _Key
    size_bytes: _Size | None = Field(default=None, validation_alias="size")
    version_id: _Text | None = Field(default=None, validation_alias="version-id")
    sequencer: _Text | None = None


class _RecordDetail(BaseModel):
    bucket: _S3Bucket
    object: _NotificationObject


class _Record(BaseModel):
    event_type: Annotated[EventType, BeforeValidator(_notification_type)] = Field(
        validation_alias="eventName"
    )
    uploaded_at: _Time | None = Field(default=None, validation_alias="eventTime")
    s3: _RecordDetail


class _Notification(BaseModel):
    records: list[_Record] = Field(validation_alias="Records", min_length=1)


class _EventBridgeDetail(BaseModel):
    bucket: _S3Bucket
    object: _EventBridgeObject


class _EventBridgeEvent(BaseModel):
    event_type: Annotated[EventType, BeforeValidator(_eventbridge_type)] = Field(
        validation_alias="detail-type"
    )
    uploaded_at: _Time | None = Field(default=None, validation_alias="time")
    detail: _EventBridgeDetail


_Model = TypeVar("_Model", bound=BaseModel)


def parse(body: str, *, source_buckets: Collection[str] = ()) -> tuple[FileMessage, ...]:
    """The files that a message body names, one for each record; none for the test message of S3.

    A move is two files: the new key as an upload, the previous key as a delete. With
    `source_buckets` given, files may come from these buckets only. Raises DeadLetterError, with
    the code MALFORMED_MESSAGE or SOURCE_NOT_ALLOWED.
    """
    files = _parse_envelope(_decode_json(body), inside_sns=False)
    for file in files:
        if source_buckets and file.bucket not in source_buckets:
            raise DeadLetterError(
                f"Bucket {file.bucket} is not a source of this worker. "
                "If its files are wanted, add it to CIS_SOURCE_BUCKETS and redrive the message.",
                code=Code.SOURCE_NOT_ALLOWED,
            )
    return files


def _decode_json(body: str) -> object:
    try:
        # Unlike json.loads this bounds the nesting and refuses lone surrogates and NaN.
        return from_json(body.encode(), allow_inf_nan=False)
    except ValueError as error:
        raise _format_error(f"not JSON ({error})") from error


def _parse_envelope(envelope: object, *, inside_sns: bool) -> tuple[FileMessage, ...]:
    match envelope:
        case {"eventType": _}:
            return _from_native(_validate(_NativeEvent, envelope))
        case {"Records": _}:
            return _from_notification(_validate(_Notification, envelope))
        case {"detail-type": _}:
            return _from_eventbridge(_validate(_EventBridgeEvent, envelope))
        case {"Event": "s3:TestEvent"}:
            return ()
        case {"Type": "Notification", "Message": str(inner)} if not inside_sns:
            # One level only: SNS inside SNS does not occur, and nesting by an attacker must end.
            return _parse_envelope(_decode_json(inner), inside_sns=True)
        case {"Type": kind}:
            raise _format_error(f"an SNS message of type {_quote(kind)} that holds no event")
        case dict():
            raise _format_error(f"none of the known forms; its fields are {_quote(sorted(envelope))}")
    raise _format_error(f"a JSON object is needed, not {_quote(envelope)}")


def _validate(model: type[_Model], envelope: object) -> _Model:
    try:
        return model.model_validate(envelope)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)[:_MAX_PROBLEMS]
        raise _format_error("; ".join(_explain(item["loc"], item["msg"]) for item in problems)) from error


def _explain(location: tuple[int | str, ...], message: str) -> str:
    problem = message.removeprefix("Value error, ").partition(" or instance of")[0]
    return f"{'.'.join(str(part) for part in location)}: {problem}"


def _from_native(event: _NativeEvent) -> tuple[FileMessage, ...]:
    metadata = event.metadata or _Metadata()
    moved = event.event_type is EventType.FILE_MOVED
    if moved and event.previous_key is None:
        raise _format_error("previousS3Key: missing from a FILE_MOVED event")
    file = FileMessage(
        event_type=_UPLOADED if moved else event.event_type,
        bucket=event.bucket,
        key=event.key,
        size_bytes=event.size_bytes,
        uploaded_at=event.uploaded_at,
        mime_type=metadata.mime_type or None,
        original_path=metadata.original_path or event.original_path or None,
        previous_key=event.previous_key if moved else None,
    )
    if not moved or event.previous_key is None or event.previous_key == event.key:
        return (file,)
    # The new key first: if the second file fails, the content is not lost from the index.
    return (file, FileMessage(event_type=_DELETED, bucket=event.bucket, key=event.previous_key))


def _from_notification(notification: _Notification) -> tuple[FileMessage, ...]:
    return tuple(
        FileMessage(
            event_type=record.event_type,
            bucket=record.s3.bucket.name,
            key=record.s3.object.key,
            size_bytes=record.s3.object.size_bytes,
            uploaded_at=record.uploaded_at,
            version_id=record.s3.object.version_id,
            sequencer=record.s3.object.sequencer,
        )
        for record in notification.records
    )


def _from_eventbridge(event: _EventBridgeEvent) -> tuple[FileMessage, ...]:
    file = FileMessage(
        event_type=event.event_type,
        bucket=event.detail.bucket.name,
        key=event.detail.object.key,
        size_bytes=event.detail.object.size_bytes,
        uploaded_at=event.uploaded_at,
        version_id=event.detail.object.version_id,
        sequencer=event.detail.object.sequencer,
    )
    return (file,)


def _format_error(reason: str) -> DeadLetterError:
    return DeadLetterError(f"The message cannot be read: {reason}", code=Code.MALFORMED_MESSAGE)


def _quote(value: object) -> str:
    """An untrusted value, escaped and cut, so that a reason stays one short printable line."""
    text = ascii(value)
    return text if len(text) <= _MAX_QUOTED_CHARS else f"{text[:_MAX_QUOTED_CHARS]}..."
