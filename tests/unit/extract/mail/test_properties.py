"""What headers of mails say beside their text."""

from __future__ import annotations

import email
import email.policy

import pytest

from worker.extract.mail.properties import mail_properties, page_properties
from worker.models.mail_fields import MAX_RECIPIENTS, MailFields
from worker.models.metadata import Properties

pytestmark = pytest.mark.unit


def _message(head: str) -> email.message.Message:
    return email.message_from_bytes(head.encode() + b"\n\nbody", policy=email.policy.compat32)


def test_sender_recipients_subject_and_date_are_taken() -> None:
    message = _message(
        "From: 営業 <a@example.com>\nTo: b@example.com, 田中 <c@example.com>\nCc: d@example.com\n"
        "Subject: 見積書の\n 件\nDate: Fri, 31 May 2024 09:00:00 +0900"
    )
    sent = "2024-05-31T00:00:00Z"
    mail = MailFields(
        sender="営業 <a@example.com>",
        recipients=("b@example.com", "田中 <c@example.com>", "d@example.com"),
        subject="見積書の 件",
        sent=sent,
    )
    assert mail_properties(message) == Properties(
        title="見積書の 件", author="営業 <a@example.com>", created=sent, modified=sent, mail=mail
    )


def test_headers_that_are_missing_are_empty() -> None:
    assert mail_properties(_message("X-Other: 1")) == Properties(mail=MailFields())


@pytest.mark.parametrize(
    "date", ["soon", "Fri, 99 May 2024 09:00:00", "", "Fri, 31 May 999999 09:00:00 +0900"]
)
def test_a_date_that_is_none_is_not_known(date: str) -> None:
    mail = mail_properties(_message(f"Date: {date}")).mail
    assert mail is not None
    assert mail.sent == ""


def test_of_very_many_recipients_the_first_are_kept() -> None:
    mail = mail_properties(_message("To: " + ",".join(f"a{n}@example.com" for n in range(900)))).mail
    assert mail is not None
    assert (len(mail.recipients), mail.recipients[-1]) == (MAX_RECIPIENTS, "a199@example.com")


def test_nobody_has_sent_a_saved_page() -> None:
    message = _message("From: <Saved by Blink>\nSubject: 会社概要\nDate: Fri, 31 May 2024 09:00:00 +0900")
    sent = "2024-05-31T00:00:00Z"
    assert page_properties(message) == Properties(title="会社概要", created=sent, modified=sent)
