"""What every search index does with the headers of mails.

The fixture `index` is an empty one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument, names, put
from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.mail_fields import MailFields, MemberMails
from worker.models.metadata import FileMetadata, Properties

MAIL = MailFields(
    sender="田中 太郎 <Tanaka@example.com>",
    recipients=("佐藤 <sato@example.com>", "suzuki@example.co.jp"),
    subject="Re: 見積書の件 [50%*]",
    sent="2024-05-31T00:00:00Z",
)


def _of(document: Document, mail: MailFields) -> Document:
    properties = Properties(title=mail.subject, mail=mail)
    return replace(document, file_type=FileType.EML, metadata=FileMetadata(properties=properties))


@pytest.fixture
def mails(index: SearchIndex, make_document: MakeDocument) -> SearchIndex:
    answer = MailFields(sender="sato@example.com", recipients=("田中 <tanaka@example.com>",), subject="無題")
    abroad = MailFields(sender="Иван Ölßner [1] <ivan@example.com>", subject="ΣΊΣΥΦΟΣ", recipients=("ＡÉ",))
    put(
        index,
        _of(make_document("a.eml", "契約"), MAIL),
        _of(make_document("b.eml", "契約"), answer),
        _of(make_document("c.eml", "別件"), abroad),
        make_document("tanaka@example.com.pdf", "契約 Subject: 見積書"),
    )
    return index


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("契約 from:tanaka@example.com", ["a.eml"]),
        ("契約 from: 田中", ["a.eml"]),
        ('契約 from:"田中 太郎"', ["a.eml"]),
        ("契約 from:ＴＡＮＡＫＡ", ["a.eml"]),
        ("契約 to:佐藤 to:suzuki", ["a.eml"]),
        ("契約 to:佐藤 to:田中", []),
        ("契約 from:sato to:田中", ["b.eml"]),
        ("subject:見積", ["a.eml"]),
        ("subject:RE:", ["a.eml"]),
        ('subject:"50%*"', ["a.eml"]),
        ("subject:見*件", []),
        ("契約 -from:sato -from:tanaka", ["tanaka@example.com.pdf"]),
        ("from:Иван", ["c.eml"]),
        ("from:ИВАН", ["c.eml"]),
        ('from:"ölßner [1] <IVAN"', ["c.eml"]),
        ("from:ÖLSSNER", ["c.eml"]),
        ("subject:Σίσυφος", ["c.eml"]),
        ("to:aé", ["c.eml"]),
        ("from:иван*", []),
        (f"subject:{'a' * 100}", []),
        (f"subject:{'т' * 100}", []),
        (f"subject:{'?' * 100}", []),
    ],
)
def test_mails_are_filtered_by_parts_of_their_headers(
    mails: SearchIndex, query: str, found: list[str]
) -> None:
    assert sorted(names(mails, query)) == found


def test_the_headers_of_a_mail_come_with_its_hit_and_its_document(mails: SearchIndex) -> None:
    (hit,) = mails.search("from:tanaka").hits
    assert hit.metadata.properties.mail == MAIL
    (other,) = mails.search("契約 type:pdf").hits
    assert other.metadata.properties.mail is None
    document = mails.document(hit.file_id)
    assert document is not None
    assert document.metadata.properties.mail == MAIL


WITHIN = MemberMails(
    senders=("鈴木 <Suzuki@example.com>", "x@example.com"),
    recipients=("田中 <tanaka@example.com>",),
    subjects=("納品のご連絡", "Re: 納品"),
)


@pytest.fixture
def containers(index: SearchIndex, make_document: MakeDocument) -> SearchIndex:
    """A mail with a mail in it, and an archive of mails."""
    own = _of(make_document("outer.eml", "契約"), MAIL)
    properties = replace(own.metadata.properties, member_mails=WITHIN)
    archive = replace(
        make_document("mails.zip", "契約"), metadata=FileMetadata(properties=Properties(member_mails=WITHIN))
    )
    put(index, replace(own, metadata=replace(own.metadata, properties=properties)), archive)
    return index


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:suzuki subject:納品", ["mails.zip", "outer.eml"]),
        ("from:x@example.com subject:ご連絡", ["mails.zip", "outer.eml"]),
        ("from:tanaka", ["outer.eml"]),
        ("from:鈴木 from:tanaka", ["outer.eml"]),
        ("to:tanaka", ["mails.zip", "outer.eml"]),
        ("to:sato", ["outer.eml"]),
        ("to:suzuki@example.com", []),
        ("契約 -from:tanaka", ["mails.zip"]),
        ("from:member", []),
    ],
)
def test_a_document_is_found_by_the_headers_of_the_mails_within_it(
    containers: SearchIndex, query: str, found: list[str]
) -> None:
    assert sorted(names(containers, query)) == found


def test_a_hit_shows_its_own_headers_and_keeps_those_within(containers: SearchIndex) -> None:
    (hit,) = containers.search("from:tanaka").hits
    shown = hit.metadata.properties
    assert shown.mail is not None
    assert (shown.mail.recipients, shown.mail.sent) == (MAIL.recipients, MAIL.sent)
    for hit in containers.search("契約").hits:
        document = containers.document(hit.file_id)
        assert document is not None
        properties = document.metadata.properties
        assert properties.member_mails == WITHIN
        assert (properties.mail is None) == hit.file_name.endswith(".zip")
