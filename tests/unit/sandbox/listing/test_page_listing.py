"""What is said of each page before any is OCRed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stand_ins.member_files import MEMBER_LIMITS, walk_of
from worker.errors import RejectedError
from worker.extract.page_source import PageSource, no_preview
from worker.models.page import Page, TextSource
from worker.sandbox.listing.page_listing import PageListing
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.protocol import AllPagesListed, DocumentOpened, PageExtracted, PageNeedsOcr

pytestmark = pytest.mark.unit


def _listing(
    folder: Path, *files: str, chars: int = 1_000, skip: frozenset[int] = frozenset()
) -> PageListing:
    limits = replace(MEMBER_LIMITS, max_text_chars=chars)
    walk = walk_of(folder, *files, limits=limits)
    source = PageSource(page_count=1, pages=iter(()), render=lambda _, folder: folder, preview=no_preview)
    return PageListing(source, walk, name="a.eml", limits=limits, skip=skip)


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


def test_the_texts_of_all_files_together_have_a_limit(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="more text than one document may hold"):
        list(_listing(tmp_path, "a.pdf=pages 1", "b.pdf=pages 1", chars=14).messages())
