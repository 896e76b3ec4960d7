"""What is said of each page before any is OCRed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stand_ins.member_files import MEMBER_LIMITS, walk_of
from worker.errors import Code
from worker.extract.page_source import PageSource, no_preview
from worker.models.page import Page, TextSource
from worker.sandbox.listing.page_listing import PageListing
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentDetails,
    DocumentOpened,
    PageExtracted,
    PageNeedsOcr,
)

pytestmark = pytest.mark.unit


def _listing(
    folder: Path, *files: str, chars: int = 1_000, skip: frozenset[int] = frozenset()
) -> PageListing:
    limits = replace(MEMBER_LIMITS, max_text_chars=chars)
    walk = walk_of(folder, *files, limits=limits)
    source = PageSource(page_count=1, pages=iter(()), render=lambda _, folder: folder, preview=no_preview)
    return PageListing(source, walk, limits=limits, skip=skip)


def test_each_file_is_announced_before_its_pages(tmp_path: Path) -> None:
    listing = _listing(tmp_path, "a.pdf=scan 1", "b.pdf=pages 1")
    messages = list(listing.messages())
    assert [type(message) for message in messages] == [
        *(DocumentOpened, PageExtracted),
        *(MemberBegun, MemberOpened, PageNeedsOcr),
        *(MemberBegun, MemberOpened, PageExtracted),
        AllPagesListed,
    ]
    assert messages[-2] == PageExtracted(page=Page(number=3, text="text 1", source=TextSource.FILE))
    assert listing.needs_ocr


def test_finished_pages_are_not_sent_again(tmp_path: Path) -> None:
    listing = _listing(tmp_path, "a.pdf=scan 1", skip=frozenset({1, 2}))
    assert [type(message) for message in listing.messages()][1:-1] == [MemberBegun, MemberOpened]
    assert not listing.needs_ocr


def test_text_beyond_the_limit_ends_the_walk_and_not_the_pages_that_wait(tmp_path: Path) -> None:
    files = ("a.pdf=scan 1", "b.pdf=pages 1", "c.pdf=pages 3", "d.pdf=scan 1")
    listing = _listing(tmp_path, *files, chars=17, skip=frozenset({6}))
    *_, begun, opened, first, lost, details, last = listing.messages()
    assert (begun, type(opened)) == (MemberBegun(path="c.pdf"), MemberOpened)
    assert [type(first), type(lost)] == [PageExtracted, PageExtracted]
    pages = [each.page for each in (first, lost) if isinstance(each, PageExtracted)]
    assert [(page.number, page.text, page.reason) for page in pages] == [(4, "", "bomb"), (5, "", "bomb")]
    assert "CIS_MAX_TEXT_CHARS" in pages[0].message
    assert isinstance(details, DocumentDetails)
    assert details.codes == (Code.BOMB,)
    assert last == AllPagesListed()
    assert listing.needs_ocr


def test_text_that_is_as_long_as_it_may_be_is_whole(tmp_path: Path) -> None:
    messages = list(_listing(tmp_path, "a.pdf=pages 1", chars=12).messages())
    assert [each.page.text for each in messages if isinstance(each, PageExtracted)] == ["text 1", "text 1"]
