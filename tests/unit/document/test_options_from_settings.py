"""The slice of the settings that decides what text comes out of a file."""

from __future__ import annotations

import pytest

from worker.config import load_settings
from worker.document.options_from_settings import limits, local_extraction_key, read_options
from worker.errors import MisconfiguredError
from worker.extract.tools import Tools

pytestmark = pytest.mark.unit


def test_the_read_options_are_taken_from_the_settings() -> None:
    settings = load_settings(languages=("eng",), ocr_dpi=150, max_pixels=7)
    options = read_options(settings)
    assert options.languages == ("eng",)
    assert options.dpi == 150
    assert options.limits.max_pixels == 7


@pytest.mark.parametrize(
    ("listed", "passwords"),
    [("", ()), ("first", ("first",)), ("first,two ,", ("first", "two ")), ("first,b\nc\n", ("first,b", "c"))],
)
def test_passwords_are_one_per_line_or_separated_by_commas(listed: str, passwords: tuple[str, ...]) -> None:
    settings = load_settings(pdf_passwords=listed)

    assert read_options(settings).pdf_passwords == passwords
    assert "first" not in repr(settings)


def test_the_limits_are_taken_from_the_settings() -> None:
    found = limits(load_settings(page_timeout_s=5.0, max_pixels=10, memory_bytes=20))
    assert (found.page_timeout_s, found.max_pixels, found.memory_bytes) == (5.0, 10, 20)


def test_the_extraction_key_is_of_these_settings_and_these_tools() -> None:
    tools = Tools(tesseract="5.3.0", languages=("eng",))
    settings = load_settings(languages=("eng",))
    key = local_extraction_key(settings, tools)
    assert local_extraction_key(load_settings(languages=("eng",)), tools) == key
    others = (
        local_extraction_key(load_settings(languages=("jpn",)), tools),
        local_extraction_key(settings, Tools(tesseract="5.4.0", languages=("eng",))),
        local_extraction_key(settings, Tools(tesseract="5.3.0", languages=("eng",), libre_office="7")),
    )
    assert len({key, *others}) == 4
    with pytest.raises(MisconfiguredError, match="tesserocr"):
        local_extraction_key(load_settings(ocr_engine="tesserocr"), tools)
