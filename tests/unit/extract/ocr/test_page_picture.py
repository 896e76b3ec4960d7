"""Pictures of a page, each with its place on the page as drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from worker.extract.image.affine import apply
from worker.extract.ocr.page_picture import PictureFolder, picture_of

pytestmark = pytest.mark.unit


def test_a_turned_picture_leads_back_to_the_page(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("L", (300, 200), 255).save(path, dpi=(300, 300))
    drawn, dpi = picture_of(path)

    turned = PictureFolder(tmp_path, path.name).turn(drawn, 90)

    assert (dpi, turned.size_px, turned.degrees) == (300, (200, 300), 90)
    assert apply(turned.transform, 0, 0) == (0, 200)


def test_a_blank_page_has_no_picture_to_read(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("L", (300, 200), 255).save(path)

    assert PictureFolder(tmp_path, path.name).clean_up(picture_of(path)[0]) is None
