"""The words for where a page's text came from."""

from __future__ import annotations

import pytest

from worker.text_source import TextSource

pytestmark = pytest.mark.unit


def test_a_page_that_failed_is_told_from_one_that_has_nothing_to_read() -> None:
    assert {source.value for source in TextSource if source.failed} == {"timed_out", "crashed", "failed"}


def test_the_text_of_a_mixed_page_is_recognised_in_part() -> None:
    assert {source.value for source in TextSource if source.recognised} == {"ocr", "mixed"}
