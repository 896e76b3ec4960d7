"""The age of the oldest message that a worker knows of."""

from __future__ import annotations

import pytest

from worker.runtime.oldest_message import OldestMessage

pytestmark = pytest.mark.unit


class Clock:
    """Seconds since 1970, as a test sets them."""

    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_it_is_the_oldest_of_those_received_in_the_last_minute() -> None:
    clock = Clock()
    oldest = OldestMessage(now=clock)
    assert oldest.age_s() == 0
    oldest.add([999_990_000, 999_700_000, 0])
    assert oldest.age_s() == 300
    clock.now_s += 61
    assert oldest.age_s() == 0


def test_a_message_in_hand_counts_as_long_as_it_is_held() -> None:
    clock = Clock()
    held = [999_999_000]
    oldest = OldestMessage(now=clock, in_hand=lambda: held)
    clock.now_s += 600
    assert oldest.age_s() == 601
    held.clear()
    assert oldest.age_s() == 0


def test_a_message_from_the_future_has_no_age() -> None:
    oldest = OldestMessage(now=Clock())
    oldest.add([2_000_000_000_000])
    assert oldest.age_s() == 0
