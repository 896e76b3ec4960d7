"""Headers of mails as they are stored."""

from __future__ import annotations

import pytest

from worker.models.mail_fields import MailFields, MemberMails

pytestmark = pytest.mark.unit


def test_headers_come_back_from_json() -> None:
    mail = MailFields(sender="a", recipients=("b", "c"), subject="件", sent="2024-05-31T00:00:00Z")
    values = mail.as_dict()
    assert values["recipients"] == ["b", "c"]
    assert MailFields.from_dict(values) == mail


def test_headers_without_a_sender_are_refused() -> None:
    with pytest.raises(KeyError):
        MailFields.from_dict({"recipients": []})


def test_headers_of_mails_within_come_back_from_json() -> None:
    mails = MemberMails(senders=("a",), recipients=("b", "c"), subjects=("件",))
    assert mails.as_dict() == {"senders": ["a"], "recipients": ["b", "c"], "subjects": ["件"]}
    assert MemberMails.from_dict(mails.as_dict()) == mails
    with pytest.raises(KeyError):
        MemberMails.from_dict({"senders": []})
