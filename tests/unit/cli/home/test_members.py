"""The files within a document: state and reason of each by its pages, and their lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.cli.home.members import list_members, member_lines, size_text
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.member import Member
from worker.models.page import Page, TextSource
from worker.models.unread import Unread

pytestmark = pytest.mark.unit

MEMBER = Member(
    path="a.zip › b.pdf", first_page=3, pages=2, file_type=FileType.PDF, size_bytes=1_234, sha256="c" * 64
)


def _extraction(*members: Member, codes: dict[int, str], texts: str = "text") -> Extraction:
    last = max(member.last_page for member in members)
    return Extraction(
        file_type=FileType.EML,
        pages=tuple(
            Page(number=number, text=texts if number > 1 else "of the document", source=TextSource.FILE)
            for number in range(1, last + 1)
        ),
        unread=tuple(Unread(page=page, code=code) for page, code in codes.items()),
        members=members,
    )


@pytest.mark.parametrize(
    ("codes", "texts", "state", "reason"),
    [
        ({2: "encrypted", 5: "encrypted"}, "text", State.INDEXED, None),
        ({4: "timeout"}, "text", State.PARTIAL, "timeout"),
        ({3: "corrupt", 4: "timeout"}, "", State.NO_CONTENT, "corrupt"),
        ({3: "no_thumbnail"}, "", State.INDEXED, None),
    ],
    ids=["codes of others", "one page", "all pages", "cosmetic"],
)
def test_state_and_reason_are_those_of_its_own_pages(
    codes: dict[int, str], texts: str, state: State, reason: str | None
) -> None:
    behind = replace(MEMBER, first_page=5, pages=0)
    (listed, _) = list_members(_extraction(MEMBER, behind, codes=codes, texts=texts))
    assert (listed.state, listed.reason) == (state, reason)


def test_one_that_was_not_opened_has_the_reason_of_the_page_in_its_place() -> None:
    closed = replace(MEMBER, pages=0, file_type=FileType.UNSUPPORTED, sha256="")
    (listed,) = list_members(_extraction(closed, codes={3: "encrypted"}, texts=""))
    assert listed.values() == {
        "path": "a.zip › b.pdf",
        "first_page": 3,
        "pages": 0,
        "file_type": "unsupported",
        "size_bytes": 1_234,
        "sha256": "",
        "state": "no_content",
        "reason": "encrypted",
    }


def test_a_line_has_columns_and_then_the_path() -> None:
    shown = replace(MEMBER, path="\x1b[2J › b.pdf")
    (line,) = member_lines(list_members(_extraction(shown, codes={4: "timeout"})))
    assert line == "partial     pdf            2 p.     1.2 KiB  \ufffd[2J › b.pdf  (timeout)"


def test_of_very_many_the_first_are_listed_and_the_others_counted() -> None:
    members = [replace(MEMBER, first_page=number, pages=1) for number in range(1, 1_206)]
    *_, last, more = member_lines(list_members(_extraction(*members, codes={})))
    assert last.endswith("a.zip › b.pdf")
    assert more == "and 1,105 more; --json has all"


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (20_480, "20 KiB"), (5 << 40, "5120 GiB")],
)
def test_sizes_are_said_as_people_say_them(size_bytes: int, text: str) -> None:
    assert size_text(size_bytes) == text
