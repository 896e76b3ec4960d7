"""What is left of pages that are given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.errors import Code
from worker.models.page import Page, TextSource
from worker.sandbox.nets.lost_pages import LostPages, TextRoom

pytestmark = pytest.mark.unit

_LAYER = Page(number=2, text="from the layer", source=TextSource.TEXT_LAYER)
_READ = Page(number=1, text="text", source=TextSource.OCR)
_LATE = Page(number=1, text="", source=TextSource.TIMED_OUT, reason="timeout")


def test_a_layer_stands_in_for_a_page_until_that_is_finished() -> None:
    lost = LostPages(lambda page: page // 100)
    lost.keep(_LAYER)

    assert lost.page(2, Code.CRASHED) == replace(_LAYER, reason="crashed")
    lost.finish(replace(_READ, number=2))

    assert lost.page(2, Code.CRASHED) == Page(number=2, text="", source=TextSource.CRASHED, reason="crashed")


def test_the_rest_has_every_page_and_no_more_text_than_is_allowed() -> None:
    lost = LostPages(lambda page: page // 100)
    lost.keep(_LAYER)
    lost.keep(replace(_LAYER, number=3, text="again"))

    rest = list(lost.rest([4, 1, *lost.with_layer], Code.TIMEOUT, max_chars=len(_LAYER.text)))

    assert [(page.number, page.text, page.source.value) for page in rest] == [
        (1, "", "not_read"),
        (2, "from the layer", "text_layer"),
        (3, "", "not_read"),
        (4, "", "not_read"),
    ]
    assert {page.reason for page in rest} == {"timeout"}


def test_only_pages_late_in_a_row_are_late() -> None:
    lost = LostPages(lambda page: page // 100)
    for _ in range(3):
        for _ in range(9):
            lost.finish(_LATE)
        assert not lost.are_late(1)
        lost.finish(_READ)
    for _ in range(9):
        lost.finish(replace(_READ, unread=("timeout",)))
    assert not lost.are_late(1)
    lost.finish(_LATE)
    assert lost.are_late(1)


def test_crashes_are_counted_and_nets_are_not() -> None:
    lost = LostPages(lambda page: page // 100)
    lost.count(range(100), Code.TIMEOUT)
    lost.count(range(10), Code.CRASHED)
    assert not lost.are_too_many
    lost.count([10], Code.MEMORY)
    assert lost.are_too_many


def test_a_file_within_is_hopeless_by_itself_and_many_make_the_document_so() -> None:
    lost = LostPages(lambda page: page // 100)
    lost.count(range(100, 111), Code.CRASHED)
    assert lost.are_too_many_beside(199)
    assert not lost.are_too_many_beside(200)
    assert not lost.are_too_many
    for file in range(2, 42):
        lost.count([100 * file], Code.CRASHED)
    assert lost.are_too_many


def test_late_pages_of_all_files_within_have_an_end() -> None:
    lost = LostPages(lambda page: page // 100)
    assert not any(lost.count_late(replace(_LATE, number=100 * file)) for file in range(50))
    assert not lost.count_late(replace(_READ, number=5_000))
    assert lost.count_late(replace(_LATE, number=5_100))
    alone = LostPages(lambda _: 0)
    assert not any(alone.count_late(replace(_LATE, number=number)) for number in range(200))


def test_late_pages_in_a_row_are_those_of_one_file() -> None:
    lost = LostPages(lambda page: page // 100)
    for number in range(100, 110):
        lost.finish(replace(_LATE, number=number))
    assert lost.are_late(150)
    assert not lost.are_late(1)


def test_a_page_takes_of_the_space_or_loses_its_text() -> None:
    room = TextRoom(6)
    assert room.fit(_READ) is _READ
    assert room.fit(_READ) == Page(number=1, text="", source=TextSource.NOT_READ, reason="bomb")
    assert room.left_chars == 2
