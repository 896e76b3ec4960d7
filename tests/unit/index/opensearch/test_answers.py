"""Answers that are from a part of the index only."""

from __future__ import annotations

from typing import Any

import pytest

from worker.errors import UnavailableError
from worker.index.opensearch.answers import missing_of, of_whole

pytestmark = pytest.mark.unit


def answer(*, timed_out: bool = False, failed: int = 0) -> dict[str, Any]:
    return {"timed_out": timed_out, "_shards": {"total": 5, "failed": failed}}


def test_a_whole_answer_lacks_nothing() -> None:
    assert missing_of(answer()) == ""
    assert of_whole(len)(answer()) == 2


def test_what_is_missing_is_said() -> None:
    assert missing_of(answer(timed_out=True)) == "the index did not look through everything in time"
    assert missing_of(answer(failed=2)) == "2 of 5 parts of the index did not answer"
    assert missing_of(answer(timed_out=True, failed=2)).count(", and ") == 1


@pytest.mark.parametrize("partial", [answer(timed_out=True), answer(failed=1)])
def test_a_partial_answer_is_not_taken_for_a_whole_one(partial: dict[str, Any]) -> None:
    with pytest.raises(UnavailableError, match="Could not read the index: "):
        of_whole(len)(partial)
