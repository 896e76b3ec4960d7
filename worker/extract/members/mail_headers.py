"""What the mails within a document say in their headers, put together."""

from __future__ import annotations

from collections.abc import Iterable

from worker.models.mail_fields import MAX_MEMBER_VALUES, MailFields, MemberMails


class MailHeaders:
    """Each sender, recipient and subject once, in the order of the mails, and of each so many at most."""

    def __init__(self) -> None:
        self._senders: dict[str, None] = {}
        self._recipients: dict[str, None] = {}
        self._subjects: dict[str, None] = {}
        self._has_any = False

    def add(self, mail: MailFields) -> None:
        """Count a mail in."""
        self._has_any = True
        _put(self._senders, (mail.sender,))
        _put(self._recipients, mail.recipients)
        _put(self._subjects, (mail.subject,))

    def collect(self) -> MemberMails | None:
        """What was found; None without a mail."""
        if not self._has_any:
            return None
        return MemberMails(
            senders=tuple(self._senders),
            recipients=tuple(self._recipients),
            subjects=tuple(self._subjects),
        )


def _put(values: dict[str, None], more: Iterable[str]) -> None:
    for value in more:
        if value and len(values) < MAX_MEMBER_VALUES:
            values[value] = None
