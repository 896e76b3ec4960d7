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


def test_languages_may_be_written_as_tesseract_writes_them() -> None:
    assert ReadingSettings.model_validate({"languages": "jpn+eng"}).languages == ("jpn", "eng")


def test_at_least_one_language_is_named() -> None:
    with pytest.raises(ValidationError, match="jpn,eng"):
        ReadingSettings(languages=())


def test_a_page_may_not_take_more_than_its_document() -> None:
    ReadingSettings(page_timeout_s=90, document_timeout_s=30, document_timeout_per_page_s=60)
    with pytest.raises(ValidationError, match=r"CIS_PAGE_TIMEOUT_S.*CIS_DOCUMENT_TIMEOUT_S"):
        ReadingSettings(page_timeout_s=91, document_timeout_s=30, document_timeout_per_page_s=60)
