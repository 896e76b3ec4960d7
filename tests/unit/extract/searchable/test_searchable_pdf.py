"""Searchable PDFs as a viewer meets them: every word is found, on its ink, and all looks as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from tests.unit.extract.searchable.searchable_pages import (
    DrawnPage,
    draw,
    draw_page,
    ink_overlaps,
    text_of,
)
from worker.errors import RejectedError
from worker.extract.image.affine import compose, scaling, turn, undo_rotation, undo_turn
from worker.extract.searchable.searchable_pdf import write_searchable
from worker.models.file import FileType
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_MIN_OVERLAP = 0.7
_PIXELS = 10**8


def write(path: Path, file_type: FileType, *pages: Page, passwords: tuple[str, ...] = ()) -> Path:
    target = path.with_name(f"{path.name}.searchable.pdf")
    write_searchable(path, file_type, pages, target, passwords=passwords, max_pixels=_PIXELS)
    return target


def assert_words_lie_on_their_ink(path: Path, page: DrawnPage, number: int = 0) -> None:
    overlaps = ink_overlaps(path, number, page.words)
    assert min(overlaps.values()) >= _MIN_OVERLAP, overlaps


def save_pdf(picture: Image.Image, path: Path, *, rotate: int = 0, crop: bool = False) -> Path:
    picture.save(path, "PDF", resolution=150)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.rotate(rotate, relative=False)
        if crop:
            # The page is a part of a larger sheet, whose corner is elsewhere.
            _, _, width, height = page.mediabox
            page.mediabox = pikepdf.Array([-50, -70, float(width) + 30, float(height) + 20])
            page.cropbox = pikepdf.Array([0, 0, width, height])
        pdf.save(path)
    return path


@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_words_of_a_turned_page_lie_on_their_ink(tmp_path: Path, degrees: int, *, vertical: bool) -> None:
    upright = draw_page(vertical=vertical)
    scanned = turn(upright.picture, (360 - degrees) % 360)
    # The engine turned the page by so many degrees before it read it.
    page = upright.seen(scanned, undo_turn(degrees, scanned.size))
    scanned.save(tmp_path / "page.png")
    target = write(tmp_path / "page.png", FileType.PNG, page.page)
    assert_words_lie_on_their_ink(target, page)


@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_pdf_keeps_its_looks_and_gets_its_words(tmp_path: Path, rotate: int, *, crop: bool) -> None:
    page = draw_page()
    # A viewer turns the page upright.
    stored = turn(page.picture, (360 - rotate) % 360)
    path = save_pdf(stored, tmp_path / "scan.pdf", rotate=rotate, crop=crop)
    target = write(path, FileType.PDF, page.page)
    assert_words_lie_on_their_ink(target, page)
    assert ImageChops.difference(draw(path), draw(target)).getbbox() is None
    assert text_of(target).splitlines() == page.page.text.splitlines()


def test_words_of_a_skewed_page_lie_where_they_were_before_it_was_straightened(tmp_path: Path) -> None:
    page = draw_page()
    skewed = page.picture.rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    straight = skewed.rotate(-4, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    to_drawn = undo_rotation(-4, skewed.size, straight.size)
    # The words are of the page as drawn first; the straightened one has a margin around it.
    left, top = ((straight.size[side] - page.picture.size[side]) / 2 for side in (0, 1))
    read = Image.new("L", page.picture.size)
    skewed.save(tmp_path / "page.png")
    transform = compose((1.0, 0.0, left, 0.0, 1.0, top), to_drawn)
    target = write(tmp_path / "page.png", FileType.PNG, page.seen(read, transform).page)
    # Boxes of a slanted word are higher than the word.
    assert min(ink_overlaps(target, 0, page.words).values()) >= 0.6


def test_a_page_that_was_read_smaller_is_covered_as_a_whole(tmp_path: Path) -> None:
    page = draw_page()
    large = page.picture.resize((2_000, 2_800))
    large.save(tmp_path / "page.png")
    page = page.seen(large, scaling(2))
    assert_words_lie_on_their_ink(write(tmp_path / "page.png", FileType.PNG, page.page), page)


def test_each_frame_of_a_tiff_is_a_page_and_a_lost_one_is_named(tmp_path: Path) -> None:
    pages = [draw_page(), draw_page(vertical=True)]
    first, second = (page.picture for page in pages)
    path = tmp_path / "scan.tif"
    first.save(path, save_all=True, append_images=[second], dpi=(150, 150))
    numbered = [replace(page.page, number=number) for number, page in enumerate(pages, start=1)]
    target = tmp_path / "out.pdf"
    written = write_searchable(path, FileType.TIFF, numbered, target, max_pixels=_PIXELS)
    assert (written.pages, written.with_text, written.lost) == (2, 2, ())
    for number, page in enumerate(pages):
        assert_words_lie_on_their_ink(target, page, number)
    written = write_searchable(
        path, FileType.TIFF, [replace(numbered[0], number=3)], target, max_pixels=_PIXELS
    )
    assert (written.with_text, written.lost) == (0, (3,))


def test_pages_with_a_good_layer_stay_as_they_are(tmp_path: Path) -> None:
    page = draw_page()
    path = save_pdf(page.picture, tmp_path / "scan.pdf")
    layered = write(path, FileType.PDF, page.page)
    again = write(layered, FileType.PDF, replace(page.page, source=TextSource.TEXT_LAYER))
    with pikepdf.open(layered) as one, pikepdf.open(again) as other:
        assert one.pages[0].Contents[0].read_bytes() == other.pages[0].Contents[0].read_bytes()
        assert len(other.pages[0].Contents) == 2


def test_an_invisible_layer_is_replaced_and_that_of_a_mixed_page_kept(tmp_path: Path) -> None:
    page = draw_page()
    path = save_pdf(page.picture, tmp_path / "scan.pdf")
    bad = replace(page.page, text="x" * len(page.words), words='[["xxxx", 100, 100, 200, 50, 9]]')
    old = write(path, FileType.PDF, bad)
    assert "xxxx" in text_of(old)
    assert text_of(write(old, FileType.PDF, page.page)).splitlines() == page.page.text.splitlines()
    mixed = replace(page.page, source=TextSource.MIXED, text=f"layer\n{page.page.text}")
    assert "xxxx" in text_of(write(old, FileType.PDF, mixed))


def test_a_protected_file_stays_protected(tmp_path: Path) -> None:
    page = draw_page()
    path = save_pdf(page.picture, tmp_path / "scan.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="u", owner="o"))
    target = write(path, FileType.PDF, page.page, passwords=("wrong", "u"))
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(target)
    with pikepdf.open(target, password="u") as pdf:
        assert len(pdf.pages) == 1
    with pytest.raises(RejectedError, match="not a PDF to which text can be added"):
        write(path, FileType.PDF, page.page)


def test_what_is_no_picture_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    with pytest.raises(RejectedError, match="cannot be drawn"):
        write(tmp_path / "a.png", FileType.PNG, draw_page().page)


@pytest.mark.parametrize("character", ["𠮷", "é", "한", "ไ"])
def test_any_character_can_be_found(tmp_path: Path, character: str) -> None:
    page = replace(draw_page().page, text=f"{character}x", words=f'[["{character}x", 100, 100, 200, 50, 9]]')
    Image.new("1", (1_000, 1_400), 1).save(tmp_path / "a.png")
    assert text_of(write(tmp_path / "a.png", FileType.PNG, page)) == f"{character}x"
