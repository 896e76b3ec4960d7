"""PDFs: which text layers are believed, and what damaged files cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import (
    SENTENCE,
    Draw,
    lettered,
    mapped,
    one_page,
    pdf,
    picture,
    raw_pdf,
    stream,
    tree,
    write,
)
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, OCRError, RejectedError
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _rectangle(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


def _blank(_canvas: Canvas) -> None:
    pass


def _items(path: Path, options: ReadOptions = _OPTIONS) -> list[Page | LayeredPage | int]:
    return list(open_pdf(path, options).pages)


def _doubts(path: Path) -> list[str | None]:
    """Of pages that have a layer and must be recognised: why."""
    return [item.page.layer_reason for item in _items(path) if isinstance(item, LayeredPage)]


def test_a_text_layer_is_taken_as_it_is(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("Hello, world"), write("日本語テスト。"))

    source = open_pdf(path, _OPTIONS)

    assert source.page_count == 2
    layer = TextSource.TEXT_LAYER
    assert list(source.pages) == [
        Page(number=1, text="Hello, world", source=layer, language="eng", width_px=595, height_px=842),
        Page(number=2, text="日本語テスト。", source=layer, language="jpn", width_px=595, height_px=842),
    ]


def test_lines_end_in_line_feeds(tmp_path: Path) -> None:
    (page,) = _items(pdf(tmp_path, write("one line", lines=3)))

    assert isinstance(page, Page)
    assert page.text == "one line\none line\none line"


@pytest.mark.parametrize("broken", [b"FFFD", b"E000"], ids=["replacement", "private use"])
def test_a_layer_of_which_every_third_character_is_broken_is_not_trusted(
    tmp_path: Path, broken: bytes
) -> None:
    assert _doubts(mapped(tmp_path, b"aabaabaab", b"0061", broken)) == ["unmapped"]


def test_a_kanji_beyond_the_basic_plane_is_one_character(tmp_path: Path) -> None:
    path = mapped(tmp_path, b"ab", b"D842DF9F", b"308B")

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "𠮟る"


def test_a_page_that_draws_nothing_is_empty_and_needs_no_recognition(tmp_path: Path) -> None:
    pages = _items(pdf(tmp_path, _blank, write("   ")))

    blank = TextSource.BLANK
    assert [(page.text, page.source) for page in pages if isinstance(page, Page)] == [("", blank)] * 2


@pytest.mark.parametrize("draw", [picture(575, 822), _rectangle], ids=["scan", "outlines"])
def test_a_page_that_shows_something_and_has_no_layer_must_be_recognised(tmp_path: Path, draw: Draw) -> None:
    assert _items(pdf(tmp_path, draw)) == [1]


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (picture(575, 822, then=write("Received 2024-03-05")), "too_short"),
        (write('"#$%&()*+,-./:;<=>?@[]^_{|}~'), "garbage"),
    ],
    ids=["stamp on a scan", "signs only"],
)
def test_a_page_whose_layer_is_doubted_is_recognised_and_the_layer_kept(
    tmp_path: Path, draw: Draw, reason: str
) -> None:
    assert _doubts(pdf(tmp_path, draw)) == [reason]


@pytest.mark.parametrize(
    "draw",
    [
        picture(60, 60, then=write("A short letter under a logo")),
        picture(575, 822, then=write(SENTENCE, lines=4, invisible=True)),
        picture(575, 822, then=write(SENTENCE, lines=12)),
        write("1,234 5,678 9.10 (11) -12"),
        write("Chapter 1 ................................................ 7"),
        write("3"),
    ],
    ids=["logo", "searchable scan", "background", "figures", "leaders", "page number"],
)
def test_a_layer_that_can_be_trusted_is_not_recognised_again(tmp_path: Path, draw: Draw) -> None:
    (page,) = _items(pdf(tmp_path, draw))

    assert isinstance(page, Page)
    assert page.source is TextSource.TEXT_LAYER
    assert page.text


def test_letters_whose_font_tells_no_characters_must_be_recognised(tmp_path: Path) -> None:
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 97/LastChar 98"
        b"/Widths[9 9]/Encoding<</Type/Encoding/Differences[97/g1/g2]>>/CharProcs<</g1 6 0 R/g2 6 0 R>>>>"
    )
    glyph = stream(b"9 0 d0 0 0 8 8 re f")
    path = one_page(
        tmp_path, b"BT /F 12 Tf 72 700 Td (abab) Tj ET", b"/Font<</F 5 0 R>>", {5: font, 6: glyph}
    )

    assert _doubts(path) == ["unmapped"]


def test_streams_that_call_themselves_come_to_an_end(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    form = stream(
        b"/X Do 0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>"
    )
    source = open_pdf(one_page(tmp_path, b"/X Do", b"/XObject<</X 5 0 R>>", {5: form}), _OPTIONS)

    assert list(source.pages) == [1]
    assert source.render(1, tmp_path).is_file()
    assert source.preview() is not None


def test_a_file_that_needs_a_password_is_encrypted(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("secret"), encrypt=StandardEncryption("pässwört", ownerPassword="owner"))

    with pytest.raises(RejectedError, match=r"a\.pdf") as caught:
        open_pdf(path, _OPTIONS)

    assert caught.value.code is Code.ENCRYPTED


def test_an_owner_password_alone_does_not_matter(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("open to all"), encrypt=StandardEncryption("", ownerPassword="owner"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "open to all"


def test_a_password_that_is_configured_opens_and_draws_its_file(
    tmp_path: Path, require_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_program("pdftoppm")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    locked = StandardEncryption("pässwört", ownerPassword="owner")
    path = pdf(tmp_path, write("secret"), _rectangle, encrypt=locked)

    source = open_pdf(path, replace(_OPTIONS, pdf_passwords=("wrong", "pässwört")))

    first, second = source.pages
    assert isinstance(first, Page)
    assert (first.text, second) == ("secret", 2)
    assert Image.open(source.render(2, tmp_path)).getextrema() == (0, 255)


def test_passwords_are_not_shown_with_the_options() -> None:
    assert "pässwört" not in repr(replace(_OPTIONS, pdf_passwords=("pässwört",)))


def test_what_a_mixed_page_shows_beside_its_pictures_is_not_drawn_for_recognition(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    path = pdf(tmp_path, lettered("FIGURE", then=write(SENTENCE, lines=30)))
    source = open_pdf(path, _OPTIONS)

    (item,) = source.pages
    drawn = Image.open(source.render(1, tmp_path))

    assert isinstance(item, LayeredPage)
    assert (item.page.layer_reason, item.page.text.count("fox")) == (None, 30)
    beside, inside = drawn.crop((0, 0, 1650, 1500)), drawn.crop((200, 1510, 1300, 2060))
    assert beside.getextrema() == (255, 255)
    assert inside.getextrema() == (0, 255)


def test_beyond_the_limit_pages_are_not_recognised_but_layers_are_read(tmp_path: Path) -> None:
    stamp = picture(575, 822, then=write("Received"))
    path = pdf(tmp_path, _rectangle, write("Hello"), _rectangle, stamp, write("?!?!#$%&()"))
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_pages=1))

    wanted, *others = _items(path, options)

    reason, not_read = Code.TOO_MANY_PAGES, TextSource.NOT_READ
    assert wanted == 1
    assert [(p.text, p.source, p.reason, p.layer_text) for p in others if isinstance(p, Page)] == [
        ("Hello", TextSource.TEXT_LAYER, None, None),
        ("", not_read, reason, None),
        ("Received", TextSource.TEXT_LAYER, reason, None),
        ("", not_read, reason, "?!?!#$%&()"),
    ]


@pytest.mark.parametrize(
    "objects",
    [
        {1: b"<</Type/Catalog>>"},
        {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"},
        {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>"},
    ],
    ids=["no tree", "no pages", "pages missing"],
)
def test_a_file_without_a_page_is_corrupt(tmp_path: Path, objects: dict[int, bytes]) -> None:
    with pytest.raises(RejectedError, match=r"raw\.pdf") as caught:
        open_pdf(raw_pdf(tmp_path, objects), _OPTIONS)

    assert caught.value.code is Code.CORRUPT


def test_a_password_of_the_file_before_is_not_asked_of_one_without_pages(tmp_path: Path) -> None:
    locked = pdf(tmp_path, _blank, encrypt=StandardEncryption("user", ownerPassword="owner"))
    empty = raw_pdf(tmp_path, {1: b"<</Type/Catalog>>"})

    codes = []
    for path in (locked, empty):
        with pytest.raises(RejectedError) as caught:
            open_pdf(path, _OPTIONS)
        codes.append(caught.value.code)

    assert codes == [Code.ENCRYPTED, Code.CORRUPT]


def test_rubbish_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "rubbish.pdf"
    path.write_bytes(b"%PDF-1.4\n" + bytes(500))

    with pytest.raises(RejectedError) as caught:
        open_pdf(path, _OPTIONS)

    assert caught.value.code is Code.CORRUPT


def test_a_damaged_table_of_objects_is_mended(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("Hello, world"))
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "Hello, world"


def _with_a_page_missing(folder: Path, count: int) -> Path:
    return tree(folder, b"3 0 R 9 0 R 4 0 R", count=count)


def test_a_page_that_cannot_be_parsed_costs_only_itself(tmp_path: Path) -> None:
    pages = _items(_with_a_page_missing(tmp_path, 3))

    lost = Page(number=2, text="", source=TextSource.FAILED, reason=Code.CORRUPT)
    assert lost in pages
    assert [page.number for page in pages if isinstance(page, Page) and not page.source.is_failure] == [1, 3]


def test_a_count_of_pages_that_is_a_lie_comes_to_an_end(tmp_path: Path) -> None:
    pages = _items(_with_a_page_missing(tmp_path, 900_000))

    assert 3 < len(pages) < 200


def test_a_page_is_drawn_in_the_size_and_position_it_is_shown_in(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    page = b"/MediaBox[0 0 900 900]/CropBox[0 0 360 720]/Rotate 90"
    path = tree(tmp_path, b"3 0 R", count=1, page=page)

    drawn = open_pdf(path, _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_000, 1_000)


def test_a_page_in_larger_units_is_drawn_in_its_real_size(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    page = b"/MediaBox[0 0 72 36]/UserUnit 10"

    drawn = open_pdf(tree(tmp_path, b"3 0 R", count=1, page=page), _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_000, 1_000)


@pytest.mark.parametrize("kids", [b"2 0 R 3 0 R", b"3 0 R 3 0 R 2 0 R"], ids=["at once", "in the end"])
def test_a_tree_of_pages_that_holds_itself_comes_to_an_end(tmp_path: Path, kids: bytes) -> None:
    assert len(_items(tree(tmp_path, kids, count=1_000))) < 200


def test_a_tree_that_names_one_page_without_end_is_read_up_to_a_limit_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.extract.pdf.document._MAX_PAGES", 50)
    source = open_pdf(tree(tmp_path, b"3 0 R " * 60, count=60), _OPTIONS)

    *others, last = source.pages

    assert source.page_count == 50
    assert len(others) == 49
    assert last == Page(number=50, text="", source=TextSource.NOT_READ, reason=Code.TOO_MANY_PAGES)


def test_a_page_that_is_not_there_cannot_be_drawn(tmp_path: Path) -> None:
    source = open_pdf(_with_a_page_missing(tmp_path, 3), _OPTIONS)

    with pytest.raises(OCRError) as caught:
        source.render(2, tmp_path)

    assert caught.value.code is Code.OCR_FAILED


@pytest.mark.parametrize(
    ("size_pt", "expected_px"),
    [((595, 842), (724, 1024)), ((2_000, 1_000), (1024, 512)), ((50, 50), (1024, 1024))],
)
def test_the_preview_is_the_first_page_in_small_rgb(
    tmp_path: Path, size_pt: tuple[int, int], expected_px: tuple[int, int]
) -> None:
    preview = open_pdf(pdf(tmp_path, _blank, size=size_pt), _OPTIONS).preview()

    assert preview is not None
    assert preview.mode == "RGB"
    assert max(abs(got - wanted) for got, wanted in zip(preview.size, expected_px, strict=True)) <= 1
    assert max(preview.size) <= 1024


def test_the_preview_is_turned_as_the_page_says(tmp_path: Path) -> None:
    path = tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 300 600]/Rotate 90")

    preview = open_pdf(path, _OPTIONS).preview()

    assert preview is not None
    assert preview.size == (1024, 512)


def test_there_is_no_preview_of_a_page_with_a_monstrous_picture(tmp_path: Path) -> None:
    image = stream(
        b"",
        b"/Type/XObject/Subtype/Image/Width 35000/Height 35000/ColorSpace/DeviceGray/BitsPerComponent 1",
    )
    source = open_pdf(
        one_page(tmp_path, b"500 0 0 500 0 0 cm /I Do", b"/XObject<</I 5 0 R>>", {5: image}), _OPTIONS
    )

    assert list(source.pages) == [1]
    assert source.preview() is None


def test_there_is_no_preview_where_the_first_page_is_damaged(tmp_path: Path) -> None:
    path = tree(tmp_path, b"9 0 R 3 0 R", count=2)

    assert open_pdf(path, _OPTIONS).preview() is None
