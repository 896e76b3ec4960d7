from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.stand_ins.made_pdfs import pdf, write
from worker.demo.page_pictures import HitBox, hit_boxes, page_picture
from worker.demo.searches import query_terms
from worker.models.file import FileType
from worker.models.page import IDENTITY, Page, TextSource

pytestmark = pytest.mark.unit

SIZE_PX = (1_000, 2_000)


def ocr_page(*words: tuple[str, int, int, int, int], transform: tuple[float, ...] = IDENTITY) -> Page:
    return Page(
        number=1,
        text=" ".join(text for text, *_ in words),
        source=TextSource.OCR,
        words=json.dumps([[*word, 90] for word in words]),
        width_px=1_000,
        height_px=2_000,
        transform=transform,
    )


def near(box: HitBox) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in (box.left, box.top, box.width, box.height))


def test_a_word_is_boxed_where_it_was_read() -> None:
    page = ocr_page(("plain", 0, 0, 100, 20), ("tiles", 200, 400, 100, 40))
    assert [near(box) for box in hit_boxes(page, query_terms("tiles"), SIZE_PX)] == [(0.2, 0.2, 0.1, 0.02)]


def test_part_of_a_line_is_boxed_by_its_share_of_the_characters() -> None:
    page = ocr_page(("今期の営業報告", 100, 200, 700, 100))
    assert [near(box) for box in hit_boxes(page, query_terms("営業"), SIZE_PX)] == [(0.4, 0.1, 0.2, 0.05)]


def test_in_a_vertical_line_the_part_is_further_down() -> None:
    page = ocr_page(("今期の営業報告", 100, 200, 100, 700))
    assert [near(box) for box in hit_boxes(page, query_terms("営業"), SIZE_PX)] == [(0.1, 0.25, 0.1, 0.1)]


def test_a_page_that_was_turned_to_be_read_is_boxed_as_it_lies() -> None:
    # Read after a quarter turn: (x, y) of what was read is (y, 2000 - x) of the page.
    page = ocr_page(("tiles", 200, 400, 100, 40), transform=(0, 1, 0, -1, 0, 2_000))
    assert [near(box) for box in hit_boxes(page, query_terms("tiles"), SIZE_PX)] == [(0.4, 0.85, 0.04, 0.05)]


def test_a_page_whose_text_is_not_of_these_words_has_no_boxes() -> None:
    page = Page(number=1, text="other tiles", source=TextSource.OCR, words='[["tiles", 1, 1, 9, 9, 90]]')
    assert hit_boxes(page, query_terms("tiles"), SIZE_PX) == ()


def test_a_text_layer_is_boxed_where_it_is_drawn(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("ceramic tiles"))
    page = Page(number=1, text="ceramic tiles", source=TextSource.TEXT_LAYER)
    made = page_picture(path, FileType.PDF, page, query_terms("tiles"))
    assert made is not None
    (box,) = made.boxes
    phrase = page_picture(path, FileType.PDF, page, query_terms('"ceramic tiles"'))
    assert phrase is not None
    (whole,) = phrase.boxes
    assert whole.left < box.left < box.left + box.width <= 1
    assert whole.width > box.width > 0


def test_a_picture_is_drawn_small_and_the_frame_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "fax.tiff"
    frames = [Image.new("RGB", (3_000, 2_000), colour) for colour in ("white", "black")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    page = Page(number=2, text="", source=TextSource.BLANK)
    made = page_picture(path, FileType.TIFF, page)
    assert made is not None
    with Image.open(io.BytesIO(made.image)) as image:
        assert image.size == (1_000, 667)
        assert image.convert("L").getbbox() is None  # black


def test_a_text_file_has_no_picture(tmp_path: Path) -> None:
    assert (
        page_picture(tmp_path / "a.txt", FileType.TEXT, Page(number=1, text="", source=TextSource.FILE))
        is None
    )
