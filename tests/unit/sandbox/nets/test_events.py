"""The last event of a reading."""

from __future__ import annotations

import pytest

from worker.errors import Code
from worker.sandbox.nets.events import ReadingEnded

pytestmark = pytest.mark.unit


def test_a_reading_that_read_all_there_is_has_no_code() -> None:
    assert ReadingEnded() == ReadingEnded(code=None, message="")
    assert ReadingEnded(code=Code.CRASHED) != ReadingEnded()
