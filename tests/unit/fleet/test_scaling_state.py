"""What scaling remembers: samples without gaps, cooldowns, and its form in the table."""

from __future__ import annotations

import pytest

from worker.aws.other_rows.scaling_row import Revision
from worker.fleet.decision import Action
from worker.fleet.scaling_state import MemoryRow, PageCounts, Sample, ScalingState

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]


def state_of(*samples: tuple[int, int]) -> ScalingState:
    state = ScalingState()
    for minute, backlog in samples:
        state = state.remember(Sample(minute=minute, backlog=backlog))
    return state


def backlogs(state: ScalingState, minute: int) -> list[int]:
    return [sample.backlog for sample in state.history(minute)]


@pytest.mark.parametrize(
    ("samples", "history"),
    [
        ([(1, 5), (2, 6), (3, 7)], [5, 6, 7]),
        ([(1, 5), (3, 7)], [5, 7, 7]),  # a minute was missed: the larger of the two around it
        ([(1, 5), (5, 7), (6, 1)], [5, 7, 7, 7, 7, 1]),
        ([(1, 5), (20, 7), (21, 8)], [7, 8]),  # what a long gap hides is not known
        ([(21, 3), (21, 9), (21, 4)], [9]),  # two runs in one minute
        ([(21, 9), (20, 1)], [1]),  # what lies in the future was written by a wrong clock
    ],
)
def test_a_history_has_one_sample_a_minute(samples: list[tuple[int, int]], history: list[int]) -> None:
    state = state_of(*samples)
    assert backlogs(state, samples[-1][0]) == history


def test_it_forgets_what_is_older_than_half_an_hour() -> None:
    assert len(state_of(*((minute, 1) for minute in range(100))).samples) == 30


@pytest.mark.parametrize(
    ("action", "out_at", "in_at", "left_s"),
    [
        (Action.SCALE_OUT, None, None, 0),
        (Action.SCALE_OUT, 900, None, 200),
        (Action.SCALE_OUT, 700, None, 0),
        (Action.SCALE_OUT, None, 990, 0),  # a backlog does not wait for the cooldown of a scale-in
        (Action.SCALE_IN, 900, 950, 250),
        (Action.SCALE_IN, 950, None, 250),
        (Action.SCALE_OUT, 1_100, None, 300),  # another machine's clock is ahead
        (Action.SCALE_OUT, 99_999, None, 0),  # and this one is wrong
    ],
)
def test_a_cooldown_lasts(action: Action, out_at: float | None, in_at: float | None, left_s: float) -> None:
    state = ScalingState(scaled_out_at=out_at, scaled_in_at=in_at)
    assert state.cooldown_left_s(action, 300, now=1_000) == left_s


def test_the_state_survives_the_table() -> None:
    state = ScalingState(
        scaled_out_at=1.5,
        samples=(Sample(minute=1, backlog=2, hold=3, pages_per_minute=4.5), Sample(minute=2, backlog=0)),
        instance_rate=50.0,
        counts=PageCounts(documents=1, pages=2, squares=4),
    )
    assert ScalingState.from_json(state.to_json()) == state
    assert ScalingState.from_json("") == ScalingState()


@pytest.mark.parametrize("text", ["{", "[]", '{"samples": [[1, 2, 3, 4, 5]]}', '{"counts": {"more": 1}}'])
def test_a_row_that_cannot_be_read_starts_anew(text: str) -> None:
    assert ScalingState.from_json(text) == ScalingState()


def test_the_row_in_memory_refuses_a_write_over_what_was_replaced() -> None:
    row = MemoryRow()
    seen = row.read()
    assert row.write("one", seen=seen) == Revision(number=1, content="one")
    assert row.write("two", seen=seen) is None
    assert row.read().content == "one"
