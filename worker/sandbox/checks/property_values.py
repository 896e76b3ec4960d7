"""Bounds of the title, dates and headers that a document process reports; types are checked before."""

from __future__ import annotations

from worker.models.mail_fields import MAX_MEMBER_VALUES, MAX_RECIPIENTS, MailFields, MemberMails
from worker.models.metadata import MAX_PROPERTY_CHARS, Properties, property_text, read_time
from worker.sandbox.channel import ProtocolError


def check_properties(properties: Properties, where: str) -> None:
    """Text that can be stored and printed, and dates as they are stored; ProtocolError quotes no value."""
    mail, within = properties.mail or MailFields(), properties.member_mails or MemberMails()
    lines = (
        *(properties.title, properties.author, mail.sender, mail.subject, *mail.recipients),
        *(*within.senders, *within.recipients, *within.subjects),
    )
    dates = (properties.created, properties.modified, mail.sent)
    if len(mail.recipients) > MAX_RECIPIENTS:
        raise ProtocolError(f"{where} has too many recipients")
    if max(map(len, (within.senders, within.recipients, within.subjects))) > MAX_MEMBER_VALUES:
        raise ProtocolError(f"{where} has too many headers of mails within it")
    if any(len(value) > MAX_PROPERTY_CHARS for value in (*lines, *dates)):
        raise ProtocolError(f"{where} has a text that is too long")
    if any(property_text(text) != text for text in lines):
        raise ProtocolError(f"{where} has a text that is no line")
    if any(date and read_time(date) != date for date in dates):
        raise ProtocolError(f"{where} has a date that is none")
