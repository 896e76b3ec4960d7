"""What a mail says of itself in its headers: who wrote it, to whom, of what and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAX_RECIPIENTS = 200
"""So many of a mail are kept beside its text, which has all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailFields:
    """The headers of a mail as lines of text; `sent` is in the form of `to_time`, "" where it is not known.

    `recipients` are those of To and then of Cc, each with name and address as the mail has them.
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    sent: str = ""

    def as_dict(self) -> dict[str, object]:
        """The headers as plain values, for JSON."""
        return {**asdict(self), "recipients": list(self.recipients)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MailFields:
        """Headers from plain values; raises KeyError or TypeError on invalid data."""
        return cls(
            sender=str(values["sender"]),
            recipients=tuple(map(str, values["recipients"])),
            subject=str(values["subject"]),
            sent=str(values["sent"]),
        )


MAX_MEMBER_VALUES = 1_000
"""So many senders, recipients and subjects are kept of all mails within a document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberMails:
    """What the mails within a document say in their headers, each value once: it is found by them, too.

    They are not kept by mail: a document is one hit, and meets a query with several of its mails together.
    """

    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The headers as plain values, for JSON."""
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MemberMails:
        """Headers from plain values; raises KeyError or TypeError on invalid data."""
        names = ("senders", "recipients", "subjects")
        return cls(**{name: tuple(map(str, values[name])) for name in names})
