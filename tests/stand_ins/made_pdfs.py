"""PDFs made for the tests: drawn with reportlab, or written byte by byte where they must be irregular."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

A4 = (595, 842)
FONT = "HeiseiKakuGo-W5"
SENTENCE = "The quick brown fox jumps over the lazy dog. "

pdfmetrics.registerFont(UnicodeCIDFont(FONT))

Draw = Callable[[Canvas], None]


def pdf(
    folder: Path, *draws: Draw, size: tuple[float, float] = A4, encrypt: StandardEncryption | None = None
) -> Path:
    path = folder / "a.pdf"
    canvas = Canvas(str(path), pagesize=size, encrypt=encrypt)
    for draw in draws:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def raw_pdf(folder: Path, objects: dict[int, bytes]) -> Path:
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


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def one_page(folder: Path, content: bytes, resources: bytes, others: dict[int, bytes]) -> Path:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>>>" % resources
    return raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page,
            4: stream(content),
            **others,
        },
    )


def not_embedded(folder: Path, content: bytes, *, encoding: bytes) -> Path:
    """A page with two Japanese fonts, F and G, that are not embedded; text is UTF-16 in hex."""
    fonts = {
        number: b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/%s/DescendantFonts[7 0 R]>>"
        % (name, encoding)
        for number, name in ((5, b"M"), (6, b"N"))
    }
    described = (
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/M/FontDescriptor 8 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>"
    )
    descriptor = (
        b"<</Type/FontDescriptor/FontName/M/Flags 4/FontBBox[0 -200 1000 900]"
        b"/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>"
    )
    resources = b"/Font<</F 5 0 R/G 6 0 R>>"
    return one_page(folder, content, resources, {**fonts, 7: described, 8: descriptor})


def in_hex(text: str) -> bytes:
    return b"<%s>" % text.encode("utf-16-be").hex().encode()


def write(text: str, *, lines: int = 1, top: int = 760, invisible: bool = False) -> Draw:
    def draw(canvas: Canvas) -> None:
        written = canvas.beginText(72, top)
        written.setFont("Helvetica" if text.isascii() else FONT, 12)
        written.setLeading(15)
        written.setTextRenderMode(3 if invisible else 0)
        for _ in range(lines):
            written.textLine(text)
        canvas.drawText(written)

    return draw


def picture(width_pt: float, height_pt: float, *, then: Draw | None = None) -> Draw:
    def draw(canvas: Canvas) -> None:
        buffer = io.BytesIO()
        Image.new("L", (64, 64), 200).save(buffer, "PNG")
        canvas.drawImage(ImageReader(buffer), 10, 10, width_pt, height_pt)
        if then is not None:
            then(canvas)

    return draw


def lettered(text: str, *, then: Draw | None = None) -> Draw:
    """A picture of 400 x 200 points at the bottom of the page that shows a text."""

    def draw(canvas: Canvas) -> None:
        shown = Image.new("L", (800, 400), 255)
        ImageDraw.Draw(shown).text((30, 40), text, fill=0, font=ImageFont.load_default(70))
        canvas.drawInlineImage(shown, 72, 100, 400, 200)
        if then is not None:
            then(canvas)

    return draw


def mapped(folder: Path, text: bytes, a_means: bytes, b_means: bytes) -> Path:
    """A page that draws the glyphs a and b, which its font maps to characters (UTF-16, hex)."""
    mapping = stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /m def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"2 beginbfchar <61> <%s> <62> <%s> endbfchar\nendcmap end end" % (a_means, b_means)
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    content = b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % text
    return one_page(folder, content, b"/Font<</F 5 0 R>>", {5: font, 6: mapping})


def tree(folder: Path, kids: bytes, *, count: int, page: bytes = b"/MediaBox[0 0 99 99]") -> Path:
    """Objects 3 and 4 are pages, others are missing."""
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    good = b"<</Type/Page/Parent 2 0 R%s>>" % page
    return raw_pdf(folder, {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree, 3: good, 4: good})
