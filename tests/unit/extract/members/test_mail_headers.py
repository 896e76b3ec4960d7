"""Headers of the mails within a document."""

from __future__ import annotations

import pytest

from worker.extract.members.mail_headers import MailHeaders
from worker.models.mail_fields import MAX_MEMBER_VALUES, MailFields, MemberMails

pytestmark = pytest.mark.unit


def test_each_value_is_kept_once_and_a_mail_without_any_is_a_mail() -> None:
    headers = MailHeaders()
    assert headers.collect() is None
    headers.add(MailFields())
    assert headers.collect() == MemberMails()
    headers.add(MailFields(sender="a", recipients=("b", "c"), subject="s"))
    headers.add(MailFields(sender="b", recipients=("c", "a"), subject="s"))
    assert headers.collect() == MemberMails(senders=("a", "b"), recipients=("b", "c", "a"), subjects=("s",))


def test_the_first_of_too_many_are_kept() -> None:
    headers = MailHeaders()
    for number in range(MAX_MEMBER_VALUES + 1):
        headers.add(MailFields(sender=f"{number}", recipients=(f"{number} a", f"{number} b")))
    found = headers.collect()
    assert found is not None
    assert (len(found.senders), found.senders[-1]) == (MAX_MEMBER_VALUES, f"{MAX_MEMBER_VALUES - 1}")
    assert len(found.recipients) == MAX_MEMBER_VALUES
