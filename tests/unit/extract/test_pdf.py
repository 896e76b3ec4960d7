"""PDFs: which text layers are believed, and what damaged files cost."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from worker.config import Settings
from worker.errors import Code, OCRError, RejectedError
from worker.extract.pdf import open_pdf
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=Settings().limits, languages=("jpn", "eng"), dpi=200)
_A4 = (595, 842)
_FONT = "HeiseiKakuGo-W5"
_SENTENCE = "The quick brown fox jumps over the lazy dog. "

pdfmetrics.registerFont(UnicodeCIDFont(_FONT))

Draw = Callable[[Canvas], None]


def _pdf(
    folder: Path, *draws: Draw, size: tuple[float, float] = _A4, encrypt: StandardEncryption | None = None
) -> Path:
    path = folder / "a.pdf"
    canvas = Canvas(str(path), pagesize=size, encrypt=encrypt)
    for draw in draws:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def _raw_pdf(folder: Path, objects: dict[int, bytes]) -> Path:
    """A PDF of these objects; number 1 is the catalogue."""
    data, offsets = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % item for item in offsets.items())
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, len(data))
    path = folder / "raw.pdf"
    path.write_bytes(data + b"xref\n" + table + trailer)
    return path


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def _one_page(folder: Path, content: bytes, resources: bytes, others: dict[int, bytes]) -> Path:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>>>" % resources
    return _raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page,
            4: _stream(content),
            **others,
        },
    )


def _write(text: str, *, lines: int = 1) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica" if text.isascii() else _FONT, 12)
        for line in range(lines):
            canvas.drawString(72, 760 - 15 * line, text)

    return draw


def _picture(width_pt: float, height_pt: float, *, then: Draw | None = None) -> Draw:
    def draw(canvas: Canvas) -> None:
        buffer = io.BytesIO()
        Image.new("L", (64, 64), 200).save(buffer, "PNG")
        canvas.drawImage(ImageReader(buffer), 10, 10, width_pt, height_pt)
        if then is not None:
            then(canvas)

    return draw


def _rectangle(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


def _blank(_canvas: Canvas) -> None:
    pass


def _items(path: Path, options: ReadOptions = _OPTIONS) -> list[Page | int]:
    return list(open_pdf(path, options).pages)


def test_a_text_layer_is_taken_as_it_is(tmp_path: Path) -> None:
    path = _pdf(tmp_path, _write("Hello, world"), _write("日本語テスト。"))

    source = open_pdf(path, _OPTIONS)

    assert source.page_count == 2
    layer = TextSource.TEXT_LAYER
    assert list(source.pages) == [
        Page(number=1, text="Hello, world", source=layer, language="eng", width_px=595, height_px=842),
        Page(number=2, text="日本語テスト。", source=layer, language="jpn", width_px=595, height_px=842),
    ]


def test_lines_end_in_line_feeds(tmp_path: Path) -> None:
    (page,) = _items(_pdf(tmp_path, _write("one line", lines=3)))

    assert isinstance(page, Page)
    assert page.text == "one line\none line\none line"


def _mapped(folder: Path, text: bytes, a_means: bytes, b_means: bytes) -> Path:
    """A page that writes the letters a and b and says (UTF-16, hex) what they mean."""
    mapping = _stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /m def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"2 beginbfchar <61> <%s> <62> <%s> endbfchar\nendcmap end end" % (a_means, b_means)
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    content = b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % text
    return _one_page(folder, content, b"/Font<</F 5 0 R>>", {5: font, 6: mapping})


@pytest.mark.parametrize("broken", [b"FFFD", b"E000"], ids=["replacement", "private use"])
def test_a_layer_of_which_every_third_character_is_broken_is_not_trusted(
    tmp_path: Path, broken: bytes
) -> None:
    assert _items(_mapped(tmp_path, b"aabaabaab", b"0061", broken)) == [1]


def test_a_kanji_beyond_the_basic_plane_is_one_character(tmp_path: Path) -> None:
    path = _mapped(tmp_path, b"ab", b"D842DF9F", b"308B")

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "𠮟る"


def test_a_page_that_draws_nothing_is_empty_and_needs_no_recognition(tmp_path: Path) -> None:
    pages = _items(_pdf(tmp_path, _blank, _write("   ")))

    assert [page.text for page in pages if isinstance(page, Page)] == ["", ""]


@pytest.mark.parametrize(
    "draw",
    [
        _picture(575, 822),
        _picture(575, 822, then=_write("Received 2024-03-05")),
        _rectangle,
        _write('"#$%&()*+,-./:;<=>?@[]^_{|}~'),
    ],
    ids=["scan", "stamp on a scan", "outlines", "signs only"],
)
def test_a_page_without_a_trustworthy_layer_must_be_recognised(tmp_path: Path, draw: Draw) -> None:
    assert _items(_pdf(tmp_path, draw)) == [1]


@pytest.mark.parametrize(
    "draw",
    [
        _picture(60, 60, then=_write("A short letter under a logo")),
        _picture(575, 822, then=_write(_SENTENCE, lines=4)),
        _write("1,234 5,678 9.10 (11) -12"),
        _write("Chapter 1 ................................................ 7"),
        _write("3"),
    ],
    ids=["logo", "searchable scan", "figures", "leaders", "page number"],
)
def test_a_layer_that_can_be_trusted_is_not_recognised_again(tmp_path: Path, draw: Draw) -> None:
    (page,) = _items(_pdf(tmp_path, draw))

    assert isinstance(page, Page)
    assert page.source is TextSource.TEXT_LAYER
    assert page.text


def test_a_picture_inside_a_form_counts_as_one(tmp_path: Path) -> None:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    image = _stream(
        b"\x80", b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"
    )
    form = _stream(
        b"500 0 0 500 0 0 cm /I Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</I 7 0 R>>>>",
    )
    path = _one_page(
        tmp_path,
        b"/X Do BT /F 12 Tf 72 700 Td (Stamp) Tj ET",
        b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>",
        {5: font, 6: form, 7: image},
    )

    assert _items(path) == [1]


def test_letters_whose_font_tells_no_characters_must_be_recognised(tmp_path: Path) -> None:
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 97/LastChar 98"
        b"/Widths[9 9]/Encoding<</Type/Encoding/Differences[97/g1/g2]>>/CharProcs<</g1 6 0 R/g2 6 0 R>>>>"
    )
    glyph = _stream(b"9 0 d0 0 0 8 8 re f")
    path = _one_page(
        tmp_path, b"BT /F 12 Tf 72 700 Td (abab) Tj ET", b"/Font<</F 5 0 R>>", {5: font, 6: glyph}
    )

    assert _items(path) == [1]


def test_streams_that_call_themselves_come_to_an_end(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    form = _stream(
        b"/X Do 0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>"
    )
    source = open_pdf(_one_page(tmp_path, b"/X Do", b"/XObject<</X 5 0 R>>", {5: form}), _OPTIONS)

    assert list(source.pages) == [1]
    assert source.render(1, tmp_path).is_file()
    assert source.preview() is not None


def test_a_file_that_needs_a_password_is_encrypted(tmp_path: Path) -> None:
    path = _pdf(tmp_path, _write("secret"), encrypt=StandardEncryption("pässwört", ownerPassword="owner"))

    with pytest.raises(RejectedError, match=r"a\.pdf") as caught:
        open_pdf(path, _OPTIONS)

    assert caught.value.code is Code.ENCRYPTED


def test_an_owner_password_alone_does_not_matter(tmp_path: Path) -> None:
    path = _pdf(tmp_path, _write("open to all"), encrypt=StandardEncryption("", ownerPassword="owner"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "open to all"


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
        open_pdf(_raw_pdf(tmp_path, objects), _OPTIONS)

    assert caught.value.code is Code.CORRUPT


def test_a_password_of_the_file_before_is_not_asked_of_one_without_pages(tmp_path: Path) -> None:
    locked = _pdf(tmp_path, _blank, encrypt=StandardEncryption("user", ownerPassword="owner"))
    empty = _raw_pdf(tmp_path, {1: b"<</Type/Catalog>>"})

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
    path = _pdf(tmp_path, _write("Hello, world"))
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "Hello, world"


def _tree(folder: Path, kids: bytes, *, count: int, page: bytes = b"/MediaBox[0 0 99 99]") -> Path:
    """Objects 3 and 4 are pages, others are missing."""
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    good = b"<</Type/Page/Parent 2 0 R%s>>" % page
    return _raw_pdf(folder, {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree, 3: good, 4: good})


def _with_a_page_missing(folder: Path, count: int) -> Path:
    return _tree(folder, b"3 0 R 9 0 R 4 0 R", count=count)


def test_a_page_that_cannot_be_parsed_costs_only_itself(tmp_path: Path) -> None:
    pages = _items(_with_a_page_missing(tmp_path, 3))

    lost = Page(number=2, text="", source=TextSource.FAILED, reason=Code.CORRUPT)
    assert lost in pages
    assert [page.number for page in pages if isinstance(page, Page) and not page.source.failed] == [1, 3]


def test_a_count_of_pages_that_is_a_lie_comes_to_an_end(tmp_path: Path) -> None:
    pages = _items(_with_a_page_missing(tmp_path, 900_000))

    assert 3 < len(pages) < 200


def test_a_page_is_drawn_in_the_size_and_position_it_is_shown_in(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    page = b"/MediaBox[0 0 900 900]/CropBox[0 0 360 720]/Rotate 90"
    path = _tree(tmp_path, b"3 0 R", count=1, page=page)

    drawn = open_pdf(path, _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_000, 1_000)


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
    preview = open_pdf(_pdf(tmp_path, _blank, size=size_pt), _OPTIONS).preview()

    assert preview is not None
    assert preview.mode == "RGB"
    assert max(abs(got - wanted) for got, wanted in zip(preview.size, expected_px, strict=True)) <= 1
    assert max(preview.size) <= 1024


def test_the_preview_is_turned_as_the_page_says(tmp_path: Path) -> None:
    path = _tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 300 600]/Rotate 90")

    preview = open_pdf(path, _OPTIONS).preview()

    assert preview is not None
    assert preview.size == (1024, 512)


def test_there_is_no_preview_of_a_page_with_a_monstrous_picture(tmp_path: Path) -> None:
    image = _stream(
        b"",
        b"/Type/XObject/Subtype/Image/Width 35000/Height 35000/ColorSpace/DeviceGray/BitsPerComponent 1",
    )
    source = open_pdf(
        _one_page(tmp_path, b"500 0 0 500 0 0 cm /I Do", b"/XObject<</I 5 0 R>>", {5: image}), _OPTIONS
    )

    assert list(source.pages) == [1]
    assert source.preview() is None


def test_there_is_no_preview_where_the_first_page_is_damaged(tmp_path: Path) -> None:
    path = _tree(tmp_path, b"9 0 R 3 0 R", count=2)

    assert open_pdf(path, _OPTIONS).preview() is None
