"""Finding the fonts."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.samples.fonts import Font, find_font, font_path

pytestmark = pytest.mark.unit


def test_a_font_is_found_below_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "some" / "where" / "ipag.ttf"
    file.parent.mkdir(parents=True)
    file.touch()
    assert find_font("ipag.ttf", (tmp_path / "missing", tmp_path)) == file


def test_a_missing_font_is_none(tmp_path: Path) -> None:
    assert find_font("ipag.ttf", (tmp_path,)) is None


@pytest.mark.parametrize("font", list(Font))
def test_every_font_is_on_this_machine(font: Font) -> None:
    assert font_path(font).name == font.value
    assert font_path(font).read_bytes()[:4] in (b"\0\1\0\0", b"OTTO", b"true")
