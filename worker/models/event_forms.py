"""The forms of an event about one object, as pydantic models: native, S3 notification record, EventBridge.

Events are untrusted: values that pass here can be stored, encoded and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated
from urllib.parse import unquote_plus

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, Field, StrictInt

from worker.models.file import EventType, FileMessage, Rerun

_MAX_KEY_BYTES = 1024  # S3's own limit, in UTF-8
_MAX_SIZE_BYTES = 2**63 - 1  # the largest integer of the index and the ledger
# A reason is stored in a message attribute and in the ledger, and printed in one line.
_MAX_QUOTED_CHARS = 80

_UPLOADED = EventType.FILE_UPLOADED
_DELETED = EventType.FILE_DELETED

# By name or by its first part. A completed restore makes an archived object readable; whether an object that
# S3 lost is really gone is found by its check, as after every event.
_NOTIFICATION_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        "ObjectCreated": _UPLOADED,
        "ObjectRestore:Completed": _UPLOADED,
        "ObjectTagging": _UPLOADED,
        "ObjectRemoved": _DELETED,
        "LifecycleExpiration": _DELETED,
        "ReducedRedundancyLostObject": _DELETED,
    }
)
_EVENTBRIDGE_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        "Object Created": _UPLOADED,
        "Object Restore Completed": _UPLOADED,
        "Object Tags Added": _UPLOADED,
        "Object Tags Deleted": _UPLOADED,
        "Object Deleted": _DELETED,
    }
)

_TAGGED = ("ObjectTagging", "Object Tags")
"""How events of changed tags begin: tags name groups, and the content is the same."""

TEST_EVENT = "test"
"""The kind of the event that S3 sends once when a notification is set up."""

_IGNORED_NOTIFICATIONS: Mapping[str, str] = MappingProxyType(
    {
        "TestEvent": TEST_EVENT,
        "ObjectAcl": "acl",
        "ObjectRestore:Post": "restore_posted",
        "ObjectRestore:Delete": "restore_expired",
        "LifecycleTransition": "lifecycle_transition",
        "IntelligentTiering": "intelligent_tiering",
        "Replication": "replication",
    }
)
_IGNORED_EVENTBRIDGE: Mapping[str, str] = MappingProxyType(
    {
        "Object ACL Updated": "acl",
        "Object Restore Initiated": "restore_posted",
        "Object Restore Expired": "restore_expired",
        "Object Storage Class Changed": "storage_class",
        "Object Access Tier Changed": "intelligent_tiering",
    }
)


def ignored_notification(name: object) -> str | None:
    """The kind of a known S3 event that changes no content; None for any other."""
    return _lookup(_IGNORED_NOTIFICATIONS, name)


def ignored_eventbridge(name: object) -> str | None:
    """The same for the `detail-type` of EventBridge."""
    return _IGNORED_EVENTBRIDGE.get(name) if isinstance(name, str) else None


def quote(value: object) -> str:
    """An untrusted value, escaped and cut, so that a reason stays one short printable line."""
    text = ascii(value)
    return text if len(text) <= _MAX_QUOTED_CHARS else f"{text[:_MAX_QUOTED_CHARS]}..."


def _lookup(types: Mapping[str, str], name: object) -> str | None:
    full = str(name).removeprefix("s3:")
    return types.get(full) or types.get(full.partition(":")[0])


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
    known = _lookup(_NOTIFICATION_TYPES, value)
    return _event_type(known, _NOTIFICATION_TYPES, value)


def _eventbridge_type(value: object) -> object:
    return _event_type(_EVENTBRIDGE_TYPES.get(str(value)), _EVENTBRIDGE_TYPES, value)


def _event_type(known: str | None, types: Mapping[str, EventType], value: object) -> EventType:
    if known is None:
        raise ValueError(f"{quote(value)} is not one of {', '.join(types)}")
    return EventType(known)


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


class NativeEvent(BaseModel):
    """An upload or a delete in the form that our own senders use."""

    event_type: EventType = Field(validation_alias="eventType")
    bucket: _Bucket = Field(validation_alias="s3Bucket")
    key: _Key = Field(validation_alias="s3Key")
    size_bytes: _Size | None = Field(default=None, validation_alias="fileSize")
    uploaded_at: _Time | None = Field(default=None, validation_alias="uploadedAt")
    metadata: _Metadata | None = None
    original_path: _Text | None = Field(
        default=None, validation_alias=AliasChoices("originalPath", "original_path")
    )

    def file(self) -> FileMessage:
        """The file it names."""
        metadata = self.metadata or _Metadata()
        return FileMessage(
            event_type=self.event_type,
            bucket=self.bucket,
            key=self.key,
            size_bytes=self.size_bytes,
            uploaded_at=self.uploaded_at,
            mime_type=metadata.mime_type or None,
            original_path=metadata.original_path or self.original_path or None,
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


class _EventBridgeDetail(BaseModel):
    bucket: _S3Bucket
    object: _EventBridgeObject


class NotificationRecord(BaseModel):
    """One record of a notification that S3 sent itself; its key is url-encoded."""

    name: str = Field(validation_alias="eventName")
    event_type: Annotated[EventType, BeforeValidator(_notification_type)] = Field(
        validation_alias="eventName"
    )
    uploaded_at: _Time | None = Field(default=None, validation_alias="eventTime")
    s3: _RecordDetail

    def file(self) -> FileMessage:
        """The file it names."""
        return _with_tag_change(self.name, _file(self.event_type, self.uploaded_at, self.s3))


class EventBridgeEvent(BaseModel):
    """An event of S3 by way of EventBridge; its key is not encoded."""

    name: str = Field(validation_alias="detail-type")
    event_type: Annotated[EventType, BeforeValidator(_eventbridge_type)] = Field(
        validation_alias="detail-type"
    )
    uploaded_at: _Time | None = Field(default=None, validation_alias="time")
    detail: _EventBridgeDetail

    def file(self) -> FileMessage:
        """The file it names."""
        return _with_tag_change(self.name, _file(self.event_type, self.uploaded_at, self.detail))


def _with_tag_change(name: str, file: FileMessage) -> FileMessage:
    """The file of an event of this name: for a changed tag no page is read, the entry alone is written."""
    if not name.removeprefix("s3:").startswith(_TAGGED):
        return file
    return replace(file, rerun=Rerun.INDEX, tags_changed=True)


def _file(
    event_type: EventType, uploaded_at: str | None, detail: _RecordDetail | _EventBridgeDetail
) -> FileMessage:
    return FileMessage(
        event_type=event_type,
        bucket=detail.bucket.name,
        key=detail.object.key,
        size_bytes=detail.object.size_bytes,
        uploaded_at=uploaded_at,
        version_id=detail.object.version_id,
        sequencer=detail.object.sequencer,
    )
