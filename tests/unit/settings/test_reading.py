"""The settings of reading: how lists are written, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.settings.reading import ReadingSettings, split_at_commas

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "parts"),
    [("jpn, eng ,,", ("jpn", "eng")), ("", ()), (("jpn",), ("jpn",)), (None, None)],
    ids=["text", "empty", "tuple", "nothing"],
)
def test_a_list_is_written_with_commas(value: object, parts: object) -> None:
    assert split_at_commas(value) == parts


def test_at_least_one_language_is_named() -> None:
    with pytest.raises(ValidationError, match="jpn,eng"):
        ReadingSettings(languages=())
