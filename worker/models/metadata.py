"""What is known of a file beside its content: its dates, author and title, and who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from worker.models.mail_fields import MailFields, MemberMails

MAX_PROPERTY_CHARS = 300
"""What a title or an author may have."""

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_GROUP_BREAKS = re.compile("[,/]")
_LINES = ("title", "author", "created", "modified")
# The row of the ledger is written again at every heartbeat: what is cut there is whole in the artifact.
_ROW_CHARS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Properties:
    """What the content says of itself; dates in the form of `to_time`, and "" where it says nothing.

    `mail` are the headers of a mail, None for all else; `member_mails` those of the mails within it.
    """

    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    mail: MailFields | None = None
    member_mails: MemberMails | None = None

    def as_dict(self) -> dict[str, object]:
        """What is said as plain values, for JSON."""
        values: dict[str, object] = {name: getattr(self, name) for name in _LINES}
        for name, mails in (("mail", self.mail), ("member_mails", self.member_mails)):
            if mails is not None:
                values[name] = mails.as_dict()
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Properties:
        """The inverse of `as_dict`; raises KeyError or TypeError on invalid data."""
        mail, within = values.get("mail"), values.get("member_mails")
        lines = {name: str(values.get(name, "")) for name in _LINES}
        return cls(
            **lines,
            mail=None if mail is None else MailFields.from_dict(mail),
            member_mails=None if within is None else MemberMails.from_dict(within),
        )


NO_PROPERTIES = Properties()

UNKNOWN_GROUPS = ("groups/unknown",)
"""The groups of a file that nobody could ask for them: no user is in one whose name has a slash."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMetadata:
    """What message, object and content say of a file; times in the form of `to_time`, "" where unknown.

    A file without `allowed_groups` may be seen by everyone.
    """

    uploaded_at: str = ""
    last_modified: str = ""
    mime_type: str = ""
    allowed_groups: tuple[str, ...] = ()
    properties: Properties = field(default_factory=Properties)

    @property
    def date(self) -> str:
        """When its content was modified by its own word, else the object's date, else its upload's."""
        return self.properties.modified or self.last_modified or self.uploaded_at

    def for_row(self) -> dict[str, Any]:
        """What the ledger keeps, without what is not known and the headers of mails; a long title is cut."""
        properties = self.properties
        values = {
            "uploaded_at": self.uploaded_at,
            "last_modified": self.last_modified,
            "mime_type": self.mime_type,
            "groups": list(self.allowed_groups),
            "title": properties.title[:_ROW_CHARS],
            "author": properties.author[:_ROW_CHARS],
            "created": properties.created,
            "modified": properties.modified,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_row(cls, values: Mapping[str, Any]) -> FileMetadata:
        """The inverse of `for_row`."""
        return cls(
            uploaded_at=values.get("uploaded_at", ""),
            last_modified=values.get("last_modified", ""),
            mime_type=values.get("mime_type", ""),
            allowed_groups=tuple(values.get("groups", ())),
            properties=Properties(**{name: values.get(name, "") for name in _LINES}),
        )


NO_METADATA = FileMetadata()


def to_time(when: datetime | None) -> str:
    """A time in UTC to the second, as it is stored and compared; a time without zone is taken as UTC."""
    if when is None:
        return ""
    try:
        in_utc = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:  # at either end of the calendar
        return ""
    return in_utc.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_time(text: str | None) -> str:
    """The same of a time in ISO 8601; "" where it is none."""
    try:
        return to_time(datetime.fromisoformat((text or "").strip()))
    except ValueError:
        return ""


def epoch_time(seconds: float) -> str:
    """The same of a time in seconds since 1970; "" where the calendar has no such day."""
    try:
        return to_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return ""


def property_text(text: object) -> str:
    """A title or author in one line of printable Unicode, cut where it is too long."""
    plain = _BLANKS.sub(" ", str(text or "").encode("utf-8", "ignore").decode())
    return plain.strip()[:MAX_PROPERTY_CHARS].rstrip()


def read_groups(text: str) -> tuple[str, ...]:
    """The names in the value of `cis-groups`: separated by a comma, or a slash, which a tag allows."""
    return distinct_groups(_GROUP_BREAKS.split(text))


def distinct_groups(names: Iterable[str]) -> tuple[str, ...]:
    """The names without surrounding white space, each once, in their order."""
    return tuple(dict.fromkeys(name for each in names if (name := each.strip())))
