"""Which page is OCRed next."""

from __future__ import annotations

import pytest

from worker.sandbox.nets.waiting_pages import WaitingPages

pytestmark = pytest.mark.unit


def _of(*pages: int) -> WaitingPages:
    waiting = WaitingPages()
    for page in pages:
        waiting.add(page)
    return waiting


def _take(waiting: WaitingPages) -> int | None:
    page = waiting.next(())
    waiting.take()
    return page


def test_pages_are_taken_in_their_order() -> None:
    waiting = _of(3, 1)
    waiting.sort()
    assert waiting.next(()) == 1
    waiting.take()
    assert waiting.next({1}) == 3
    waiting.take()
    assert waiting.next(()) is None
    assert not waiting


def test_a_suspect_page_is_alone_and_comes_first() -> None:
    waiting = _of(1, 5)
    assert waiting.count_crash([5, 4], retry=True) == []
    waiting.begin_process()
    waiting.add(4)
    waiting.add(6)
    assert waiting.next({6}) is None
    assert waiting.next(()) == 4
    assert waiting.count_crash([4], retry=True) == [4]
    assert waiting.next(()) == 5
    assert waiting.has_crashed(5)
    assert not waiting.has_crashed(6)


def test_pages_given_up_wait_no_longer() -> None:
    waiting = _of(1, 2, 3)
    waiting.count_crash([7], retry=True)
    waiting.leave({2, 7})
    assert waiting.next(()) == 1
    waiting.count_crash([8], retry=True)
    waiting.drop(8)
    waiting.restore([9])
    assert [_take(waiting) for _ in range(3)] == [1, 3, 9]
    assert not waiting
