"""What a document process may say of a document's properties."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.models.mail_fields import MAX_MEMBER_VALUES, MAX_RECIPIENTS, MailFields, MemberMails
from worker.models.metadata import Properties
from worker.sandbox.channel import ProtocolError
from worker.sandbox.checks.property_values import check_properties

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "properties",
    [
        Properties(title="x" * 301),
        Properties(author="two\nlines"),
        Properties(title="half \ud800"),
        Properties(created="2024-05-31"),
        Properties(modified="soon"),
        Properties(mail=MailFields(sender="x" * 301)),
        Properties(mail=MailFields(recipients=("a@example.com", "two\nlines"))),
        Properties(mail=MailFields(subject="half \ud800")),
        Properties(mail=MailFields(sent="2024-05-31")),
        Properties(member_mails=MemberMails(senders=("a", "two\nlines"))),
        Properties(member_mails=MemberMails(subjects=("x" * 301,))),
    ],
)
def test_what_cannot_be_stored_is_refused(properties: Properties) -> None:
    with pytest.raises(ProtocolError, match="DocumentDetails has a"):
        check_properties(properties, "DocumentDetails")


def test_what_mails_say_is_taken_but_not_more_recipients_than_are_kept() -> None:
    mail = MailFields(
        sender="営業 <a@example.com>",
        recipients=("b@example.com",) * MAX_RECIPIENTS,
        subject="見積書",
        sent="2024-05-31T00:00:00Z",
    )
    check_properties(Properties(title="見積書", mail=mail), "DocumentDetails")
    more = replace(mail, recipients=(*mail.recipients, "c@example.com"))
    with pytest.raises(ProtocolError, match="too many recipients"):
        check_properties(Properties(mail=more), "DocumentDetails")


def test_too_many_headers_of_mails_within_are_refused() -> None:
    recipients = tuple(map(str, range(MAX_MEMBER_VALUES + 1)))
    check_properties(Properties(member_mails=MemberMails(recipients=recipients[1:])), "DocumentDetails")
    with pytest.raises(ProtocolError, match="too many headers of mails"):
        check_properties(Properties(member_mails=MemberMails(recipients=recipients)), "DocumentDetails")
