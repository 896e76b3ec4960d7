"""Members as plain values, and the names by which they are shown."""

from __future__ import annotations

import pytest

from worker.models.file import FileType
from worker.models.member import Member, member_name

pytestmark = pytest.mark.unit

_MEMBER = Member(
    path="a.zip › 注文書.txt", first_page=4, pages=3, file_type=FileType.TEXT, size_bytes=12, sha256="ab"
)


def test_a_member_is_the_same_after_its_way_through_json() -> None:
    assert Member.from_dict(_MEMBER.as_dict()) == _MEMBER
    assert _MEMBER.as_dict()["file_type"] == "txt"


@pytest.mark.parametrize(("pages", "last"), [(3, 6), (1, 4), (0, 4)])
def test_a_member_has_a_last_page_even_where_it_could_not_be_opened(pages: int, last: int) -> None:
    member = Member(path="x", first_page=4, pages=pages, file_type=FileType.PDF, size_bytes=0)
    assert member.last_page == last


def test_a_member_is_shown_behind_the_name_of_its_document() -> None:
    assert member_name("mail.eml", "a.zip › b.txt") == "mail.eml › a.zip › b.txt"
    assert member_name("mail.eml", "") == "mail.eml"
