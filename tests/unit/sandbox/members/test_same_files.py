"""Pages of files that a document has several times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.models.file import FileType
from worker.models.member import Member
from worker.models.page import Page, TextSource
from worker.sandbox.members.same_files import SameFiles

pytestmark = pytest.mark.unit

FIRST = Member(path="a", first_page=2, pages=2, file_type=FileType.PDF, size_bytes=9, sha256="c" * 64)
SECOND = replace(FIRST, path="b", first_page=6)


def _page(number: int) -> Page:
    return Page(number=number, text=f"text {number}", source=TextSource.OCR)


def _files(*members: Member) -> SameFiles:
    same = SameFiles()
    for member in members:
        same.add(member)
    return same


def test_a_page_waits_for_the_same_one_and_becomes_what_that_is() -> None:
    same = _files(FIRST, SECOND)
    assert not same.waits(3, listed={3})
    assert same.waits(7, listed={3, 7})
    assert list(same.copies_at_once(7)) == []
    same.finish(_page(3))
    assert list(same.copies(3)) == [replace(_page(3), number=7)]
    assert (list(same.copies(3)), same.copied) == ([], {7})


def test_of_a_page_that_is_finished_the_copy_is_there_at_once() -> None:
    same = SameFiles()
    same.finish(_page(2))
    same.begin_process()
    same.add(FIRST)
    same.add(SECOND)
    assert same.waits(6, listed=set())
    assert [copy.number for copy in same.copies_at_once(6)] == [6]


@pytest.mark.parametrize(
    "other",
    [
        replace(SECOND, sha256="d" * 64),
        replace(SECOND, file_type=FileType.TIFF),
        replace(SECOND, pages=3),
    ],
)
def test_only_files_alike_in_bytes_type_and_pages_are_the_same(other: Member) -> None:
    assert not _files(FIRST, other).waits(6, listed={2, 3, 6})


def test_files_without_a_hash_are_no_copies() -> None:
    first, second = replace(FIRST, sha256=""), replace(SECOND, sha256="")
    assert not _files(first, second).waits(6, listed={2, 6})


def test_nothing_waits_for_a_page_that_this_process_has_not_named() -> None:
    assert not _files(FIRST, SECOND).waits(6, listed={6})


def test_a_new_process_says_again_what_is_the_same() -> None:
    same = _files(FIRST, SECOND)
    assert same.waits(6, listed={2, 6})
    same.begin_process()
    assert not same.waits(6, listed={2, 6})
    same.finish(_page(2))
    assert list(same.copies(2)) == []


def test_a_copy_that_is_given_up_waits_no_more() -> None:
    same = _files(FIRST, SECOND)
    assert same.waits(6, listed={2, 6})
    same.finish(_page(6))
    same.finish(_page(2))
    assert list(same.copies(2)) == []
