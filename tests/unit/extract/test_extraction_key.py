"""When a stored result may be reused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.extraction_key import extraction_key
from worker.extract.read_options import ReadOptions

pytestmark = pytest.mark.unit

_LIMITS = limits(Settings())
_OPTIONS = ReadOptions(limits=_LIMITS, languages=("jpn", "eng"), dpi=200)
_TOOLS = {"tesseract": "5.3.0", "pdfium": "7000"}


def test_the_key_is_sixteen_hex_digits() -> None:
    key = extraction_key(_OPTIONS, _TOOLS)

    assert len(key) == 16
    assert int(key, 16) >= 0


def test_the_order_of_the_tools_does_not_change_the_key() -> None:
    assert extraction_key(_OPTIONS, _TOOLS) == extraction_key(_OPTIONS, dict(reversed(_TOOLS.items())))


@pytest.mark.parametrize(
    ("options", "tools"),
    [
        (replace(_OPTIONS, languages=("eng", "jpn")), _TOOLS),
        (replace(_OPTIONS, dpi=300), _TOOLS),
        (replace(_OPTIONS, second_pass_max_lines=1), _TOOLS),
        (replace(_OPTIONS, limits=replace(_LIMITS, max_pixels=1)), _TOOLS),
        (replace(_OPTIONS, limits=replace(_LIMITS, max_text_chars=1)), _TOOLS),
        (_OPTIONS, {**_TOOLS, "tesseract": "5.5.0"}),
        (_OPTIONS, {**_TOOLS, "rapidocr": "3.10"}),
        (_OPTIONS, {**_TOOLS, "libreoffice": "7.4.7.2"}),
    ],
    ids=["languages", "dpi", "lines", "pixels", "characters", "version", "tool", "office"],
)
def test_what_changes_the_text_changes_the_key(options: ReadOptions, tools: dict[str, str]) -> None:
    assert extraction_key(options, tools) != extraction_key(_OPTIONS, _TOOLS)


def test_timeouts_do_not_change_the_key() -> None:
    slower = replace(_OPTIONS, limits=replace(_LIMITS, page_timeout_s=1.0, memory_bytes=1))

    assert extraction_key(slower, _TOOLS) == extraction_key(_OPTIONS, _TOOLS)
