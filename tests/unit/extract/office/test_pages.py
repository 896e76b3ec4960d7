"""Pages of Office documents: which pictures get OCR, under which page numbers, and how they are rendered."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, OCRError
from worker.extract.office import pages
from worker.extract.office.ooxml_package import Package, open_package
from worker.extract.office.pages import EmbeddedPicture, OfficePages, PageText, PictureFinder, assign_pages
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_A, _B, _C = (EmbeddedPicture(part=name) for name in "abc")


def _image(width_px: int, height_px: int, *, shade: int = 0, image_format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width_px, height_px), shade).save(buffer, image_format)
    return buffer.getvalue()


def _package(folder: Path, pictures: dict[str, bytes]) -> Package:
    path = folder / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        relations = "".join(
            f'<Relationship Id="{name}" Type="x/image" Target="media/{name}"/>' for name in pictures
        )
        archive.writestr("word/_rels/document.xml.rels", f"<r>{relations}</r>")
        for name, data in pictures.items():
            archive.writestr(f"word/media/{name}", data)
    return open_package(path)


def _find(package: Package, *, max_pixels: int = 10**8) -> list[tuple[str, Code | None]]:
    finder = PictureFinder(package, max_pixels=max_pixels)
    return [(Path(picture.part).name, picture.problem) for picture in finder.pictures_of("word/document.xml")]


def test_only_pictures_that_can_hold_text_are_found_and_each_once(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        {
            "photo.png": _image(200, 100),
            "again.png": _image(200, 100),
            "other.jpeg": _image(200, 100, image_format="JPEG"),
            "icon.png": _image(48, 48),
            "rule.png": _image(800, 3),
            "banner.png": _image(800, 40),
            "drawing.emf": b"\x01\x00\x00\x00" + bytes(100),
            "damaged.png": _image(200, 100, shade=9)[:20],
        },
    )

    assert _find(package) == [("photo.png", None), ("other.jpeg", None), ("banner.png", None)]


def test_the_text_of_a_metafile_is_a_page_without_ocr(tmp_path: Path) -> None:
    header = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    text = bytes(28) + struct.pack("<iiIII", 0, 0, 2, 76, 0) + bytes(20) + "売上".encode("utf-16-le")
    drawing = header + struct.pack("<II", 84, 8 + len(text)) + text
    package = _package(tmp_path, {"chart.emf": drawing, "lines.emf": header})

    found = PictureFinder(package, max_pixels=10**8).pictures_of("word/document.xml")
    source = _pages(package, assign_pages([found]), PageText(text="body")).source()

    assert [picture.text for picture in found] == ["売上"]
    assert list(source.pages)[1] == Page(number=2, text="売上", source=TextSource.FILE, language="jpn")


def test_pixels_are_counted_before_anything_is_decoded(tmp_path: Path) -> None:
    package = _package(tmp_path, {"large.png": _image(200, 100), "small.png": _image(100, 90)})

    assert _find(package, max_pixels=10_000) == [("large.png", Code.TOO_MANY_PIXELS), ("small.png", None)]


def test_beyond_the_limit_one_picture_reports_that_there_are_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_MAX_PICTURES", 2)
    package = _package(tmp_path, {f"{shade}.png": _image(200, 100, shade=shade) for shade in range(5)})

    assert _find(package) == [("0.png", None), ("1.png", None), ("2.png", Code.TOO_LARGE)]


def test_a_part_without_relations_has_no_pictures(tmp_path: Path) -> None:
    finder = PictureFinder(_package(tmp_path, {}), max_pixels=1)

    assert finder.pictures_of("word/header1.xml") == []


@pytest.mark.parametrize(
    ("pictures", "textless", "expected"),
    [
        ([[]], (), {}),
        ([[_A, _B]], (), {2: _A, 3: _B}),
        ([[_A, _B]], (1,), {1: _A, 2: _B}),
        ([[_A], [], [_B, _C]], (2, 3), {3: _B, 4: _A, 5: _C}),
        ([], (), {}),
    ],
    ids=["none", "after the text", "in place of it", "slides", "no pages"],
)
def test_pictures_follow_the_pages_or_replace_empty_ones(
    pictures: list[list[EmbeddedPicture]], textless: tuple[int, ...], expected: dict[int, EmbeddedPicture]
) -> None:
    assert assign_pages(pictures, textless=textless) == expected


def _pages(package: Package, pictures: dict[int, EmbeddedPicture], *texts: PageText) -> OfficePages:
    return OfficePages(package=package, texts=texts, count=len(texts), pictures=pictures, options=_OPTIONS)


def test_pages_come_in_order_with_their_reasons(tmp_path: Path) -> None:
    pictures = {2: _A, 3: EmbeddedPicture(part="b", problem=Code.TOO_MANY_PIXELS)}
    texts = [PageText(text="some", reason=Code.CORRUPT), PageText(text="")]

    source = _pages(_package(tmp_path, {}), pictures, *texts).source()

    assert source.page_count == 3
    assert list(source.pages) == [
        Page(number=1, text="some", source=TextSource.FILE, language="eng", reason="corrupt"),
        2,
        Page(number=3, text="", source=TextSource.FAILED, reason="too_many_pixels"),
    ]


def test_a_picture_is_rendered_like_an_image_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    package = _package(tmp_path, {"a.png": _image(200, 100, shade=77)})
    source = _pages(package, {2: EmbeddedPicture(part="word/media/a.png")}, PageText(text="x")).source()
    folder = tmp_path / "work"
    folder.mkdir()

    rendered = source.render(2, folder)

    assert list(folder.iterdir()) == [rendered]
    with Image.open(rendered) as image:
        assert (image.format, image.mode, image.getpixel((5, 5))) == ("PPM", "L", 77)


def test_a_cut_picture_is_rendered_as_far_as_it_goes(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(buffer, "PNG")
    package = _package(tmp_path, {"cut.png": buffer.getvalue()[: buffer.tell() // 2]})
    source = _pages(package, {2: EmbeddedPicture(part="word/media/cut.png")}, PageText(text="body")).source()

    drawn = Image.open(source.render(2, tmp_path))

    assert 90 <= drawn.height <= 100
    assert (source.is_cut(1), source.is_cut(2)) == (False, True)


@pytest.mark.parametrize(
    ("data", "max_pixels", "code"),
    [
        (_image(200, 100)[:50], 10**8, Code.CORRUPT),
        (b"no picture", 10**8, Code.CORRUPT),
        (_image(200, 100), 100, Code.TOO_MANY_PIXELS),
    ],
)
def test_a_picture_that_cannot_be_decoded_has_a_reason_and_leaves_nothing(
    tmp_path: Path, data: bytes, max_pixels: int, code: Code
) -> None:
    package = _package(tmp_path, {"a.png": data})
    pages = _pages(package, {2: EmbeddedPicture(part="word/media/a.png")}, PageText(text="x"))
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_pixels=max_pixels))
    folder = tmp_path / "work"
    folder.mkdir()

    with pytest.raises(OCRError) as caught:
        replace(pages, options=options).source().render(2, folder)

    assert (caught.value.code, caught.value.retry_allowed) == (code, False)
    assert list(folder.iterdir()) == []
