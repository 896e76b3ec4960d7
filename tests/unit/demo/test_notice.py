from __future__ import annotations

import pytest

from worker.demo.notice import notice_in_s

pytestmark = pytest.mark.unit

_PAGES = 12
_POLL_S = 2.0
_MARGIN_S = 2.0


def pages_done_at_requeue(page_s: float, slots: int) -> float:
    """Simulate a worker at a steady pace: pages it has begun by the time it must requeue."""
    done = 0
    while (in_s := notice_in_s([page_s] * done, pages=_PAGES, slots=slots)) is None:
        done += 1
        assert done <= _PAGES, "no notice before the end"
    left_s = in_s - _POLL_S - _MARGIN_S
    # A worker that sees that the rest does not fit finishes the pages in hand only.
    in_hand = slots
    assert (_PAGES - done) * page_s / slots > left_s / 2 - 3
    return done + slots * _POLL_S / page_s + in_hand


def test_there_is_no_notice_before_the_first_page() -> None:
    assert notice_in_s([], pages=_PAGES, slots=2) is None


@pytest.mark.parametrize("page_s", [0.6, 1.0, 1.5, 2.3, 5.0, 15.0])
@pytest.mark.parametrize("slots", [1, 2])
def test_the_scan_cannot_be_finished_whatever_the_machine(page_s: float, slots: int) -> None:
    assert pages_done_at_requeue(page_s, slots) < _PAGES


@pytest.mark.parametrize("page_s", [1.5, 2.3, 5.0])
def test_an_ordinary_machine_gets_its_notice_after_three_pages(page_s: float) -> None:
    assert notice_in_s([page_s] * 2, pages=_PAGES, slots=2) is None
    assert notice_in_s([page_s] * 3, pages=_PAGES, slots=2) is not None


def test_a_fast_machine_gets_its_notice_after_the_first_page() -> None:
    assert notice_in_s([0.6], pages=_PAGES, slots=2) is not None


@pytest.mark.parametrize("page_s", [2.3, 5.0, 15.0])
def test_fewer_than_half_of_the_rest_fit_before_the_requeue(page_s: float) -> None:
    in_s = notice_in_s([page_s] * 3, pages=_PAGES, slots=2)

    assert in_s is not None
    requeue_s = in_s / 2
    assert requeue_s * 2 / page_s < (_PAGES - 3) / 2


@pytest.mark.parametrize("page_s", [2.3, 5.0, 15.0])
def test_a_notice_leaves_time_to_finish_the_pages_in_hand(page_s: float) -> None:
    in_s = notice_in_s([page_s] * 3, pages=_PAGES, slots=2)

    assert in_s is not None
    assert (in_s - 0.5 * _POLL_S - _MARGIN_S) / 2 >= page_s


def test_a_slow_machine_gets_no_more_time_than_its_pages_in_hand_need() -> None:
    assert notice_in_s([10.0] * 3, pages=_PAGES, slots=2) == 30.0


def test_a_notice_is_never_too_near_to_be_seen() -> None:
    assert notice_in_s([0.1] * 3, pages=_PAGES, slots=2) == 6.0
