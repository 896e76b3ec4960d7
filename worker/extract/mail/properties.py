"""What a mail's headers say of it, beside its text: sender, recipients, subject and date."""

from __future__ import annotations

from email.message import Message
from email.utils import parsedate_to_datetime

from worker.extract.mail.headers import header_addresses, header_text
from worker.models.mail_fields import MAX_RECIPIENTS, MailFields
from worker.models.metadata import Properties, property_text, to_time


def mail_properties(message: Message) -> Properties:
    """The headers, and what they are for any document: the subject its title, the sender its author.

    A mail is as it was when it was sent, whenever its file was written.
    """
    sent, subject = _sent(message), property_text(header_text(message, "Subject"))
    sender = property_text(", ".join(header_addresses(message, "From", most=MAX_RECIPIENTS)))
    to, cc = (header_addresses(message, name, most=MAX_RECIPIENTS) for name in ("To", "Cc"))
    recipients = tuple(filter(None, map(property_text, (*to, *cc))))[:MAX_RECIPIENTS]
    mail = MailFields(sender=sender, recipients=recipients, subject=subject, sent=sent)
    return Properties(title=subject, author=sender, created=sent, modified=sent, mail=mail)


def page_properties(message: Message) -> Properties:
    """What the headers of a saved web page say: nobody has sent it."""
    saved = _sent(message)
    return Properties(title=property_text(header_text(message, "Subject")), created=saved, modified=saved)


def _sent(message: Message) -> str:
    try:
        return to_time(parsedate_to_datetime(header_text(message, "Date")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""
