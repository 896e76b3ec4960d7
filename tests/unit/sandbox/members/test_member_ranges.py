"""Which pages are those of which file."""

from __future__ import annotations

import pytest

from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ProtocolError
from worker.sandbox.members.member_ranges import MemberRanges
from worker.sandbox.members.messages import MAX_PAGES, MemberBegun, MemberOpened

pytestmark = pytest.mark.unit


def _ranges() -> MemberRanges:
    """Two pages of its own, three of a.pdf, one that stands for b.pdf, and c.txt, which is begun."""
    ranges = MemberRanges()
    ranges.begin_document(2)
    for path, pages in (("a.pdf", 3), ("b.pdf", 0)):
        ranges.begin(MemberBegun(path=path))
        ranges.open(MemberOpened(pages=pages, file_type=FileType.PDF, size_bytes=9, sha256="0" * 64))
    ranges.begin(MemberBegun(path="c.txt"))
    return ranges


def _page(number: int) -> Page:
    return Page(number=number, text="x", source=TextSource.FILE)


def test_pages_are_stamped_with_their_file_and_their_place_in_it() -> None:
    ranges = _ranges()
    stamped = [ranges.stamp(_page(number)) for number in range(1, 8)]
    assert [(page.member_path, page.member_page) for page in stamped] == [
        ("", 0),
        ("", 0),
        *(("a.pdf", 1), ("a.pdf", 2), ("a.pdf", 3)),
        ("b.pdf", 0),
        ("c.txt", 0),
    ]
    assert ranges.lost == (6, 7)
    assert ranges.last_page == 7


def test_the_pages_beside_a_page_are_those_of_its_file() -> None:
    ranges = _ranges()
    assert list(ranges.pages_beside(4)) == [3, 4, 5]
    assert list(ranges.pages_beside(6)) == [6]
    assert list(ranges.pages_beside(1)) == []
    assert [ranges.first_page_of(page) for page in (2, 5, 7)] == [0, 3, 7]


def test_what_is_lost_is_remembered_by_the_next_process() -> None:
    ranges = _ranges()
    ranges.stamp(_page(6))
    ranges.begin_document(2)
    assert ranges.last_page == 2
    assert ranges.lost == (6,)


@pytest.mark.parametrize("path", ["", "x" * 1_001, "a\nb", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(path: str) -> None:
    ranges = MemberRanges()
    with pytest.raises(ProtocolError):
        ranges.begin(MemberBegun(path=path))


def test_a_name_may_have_wide_spaces() -> None:
    ranges = MemberRanges()
    ranges.begin(MemberBegun(path="見積書\u3000最終.pdf"))
    assert ranges.stamp(_page(1)).member_path == "見積書\u3000最終.pdf"


def test_a_file_opens_once_and_after_it_has_begun() -> None:
    ranges = _ranges()
    with pytest.raises(ProtocolError):
        ranges.begin(MemberBegun(path="d.txt"))
    opened = MemberOpened(pages=1, file_type=FileType.TEXT, size_bytes=1, sha256="")
    assert ranges.open(opened).path == "c.txt"
    with pytest.raises(ProtocolError):
        ranges.open(opened)


def test_a_document_has_not_pages_without_end() -> None:
    ranges = _ranges()
    with pytest.raises(ProtocolError):
        ranges.open(MemberOpened(pages=MAX_PAGES, file_type=FileType.TEXT, size_bytes=1, sha256=""))
