"""A font of blank boxes, for text that can be found, marked and copied, and is never drawn.

Characters get numbers as they come, so that any of Unicode can be written, and no viewer looks for a font of
Japanese characters. Each is as wide as it usually is beside others; its box is from a fifth of the size below
the base line to four fifths above it, and its outline is that box: pdfium takes a character without an
outline for one without a height, and loses it where it runs down the page.
"""

from __future__ import annotations

import struct

import pikepdf
from pikepdf import Array, Dictionary, Name

from worker.extract.searchable.spans import width_em

DESCENT_EM = 0.2
"""The part of a character's box that is below the base line."""
_EM, _NARROW = 1000, 500
_BOTTOM, _TOP = -200, 800
_NAME = Name("/GlyphLessFont")
"""As in files of other OCR programs: poppler knows that its characters fill their boxes."""
_MAX_CHARACTERS = 0xFFFF
# A table of ToUnicode may have so many entries (PDF 32000-1, 9.10.3).
_BATCH = 100
_NO_CHARACTERS = (4, 24, 0, 2, 2, 0, 0, 0xFFFF, 0, 0xFFFF, 1, 0)
"""A table of characters of format 4 that ends at once."""
_CHECKSUM_MAGIC = 0xB1B0AFBA
_ADJUSTMENT_AT = 8
_CMAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{tables}
endcmap CMapName currentdict /CMap defineresource pop end end
"""


class GlyphlessFont:
    """The font of one document, with the characters that `encode` was given."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._numbers: dict[str, int] = {}
        self.object = pdf.make_indirect(Dictionary())
        """What the resources of a page refer to; it is complete after `finish`."""

    def encode(self, text: str) -> bytes:
        """The text as an operand of Tj; characters beyond what a font can have are left out."""
        numbers = (self._number(character) for character in text)
        return b"<%s>" % b"".join(b"%04X" % number for number in numbers if number)

    def finish(self) -> None:
        """Write the font, after the last text."""
        used = self._numbers
        widths = [round(_EM * width_em(character)) for character in used]
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=_NAME,
            Flags=4,  # symbolic: it has an encoding of its own
            FontBBox=Array([0, _BOTTOM, _EM, _TOP]),
            ItalicAngle=0,
            Ascent=_TOP,
            Descent=_BOTTOM,
            CapHeight=_TOP,
            StemV=80,
            FontFile2=self._stream(_true_type()),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=_NAME,
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=self._pdf.make_indirect(descriptor),
            DW=_EM,
            W=Array([1, Array(widths)]),
            CIDToGIDMap=self._stream(
                struct.pack(f">{len(used) + 1}H", 0, *(width < _EM for width in widths))
            ),
        )
        whole = {
            "/Type": Name.Font,
            "/Subtype": Name.Type0,
            "/BaseFont": _NAME,
            "/Encoding": Name("/Identity-H"),
            "/DescendantFonts": Array([self._pdf.make_indirect(descendant)]),
            "/ToUnicode": self._stream(_to_unicode(used).encode("ascii")),
        }
        for key, value in whole.items():
            self.object[key] = value

    def _number(self, character: str) -> int:
        if len(self._numbers) >= _MAX_CHARACTERS:
            return self._numbers.get(character, 0)
        return self._numbers.setdefault(character, len(self._numbers) + 1)

    def _stream(self, data: bytes) -> pikepdf.Object:
        return self._pdf.make_indirect(self._pdf.make_stream(data))


def _to_unicode(numbers: dict[str, int]) -> str:
    entries = [
        f"<{number:04X}> <{character.encode('utf-16-be', 'surrogatepass').hex().upper()}>"
        for character, number in numbers.items()
    ]
    batches = [entries[at : at + _BATCH] for at in range(0, len(entries), _BATCH)]
    tables = (f"{len(batch)} beginbfchar\n" + "\n".join(batch) + "\nendbfchar" for batch in batches)
    return _CMAP.format(tables="\n".join(tables))


def _true_type() -> bytes:
    """A font file with two glyphs, a wide box and a narrow one (OpenType 1.9: the tables of every font)."""
    ascent, descent = _TOP, _BOTTOM
    glyphs = (_glyph(_EM), _glyph(_NARROW))
    ends = (0, len(glyphs[0]), len(glyphs[0]) + len(glyphs[1]))
    box = (0, descent, _EM, ascent)
    tables = {
        b"cmap": struct.pack(">4HL", 0, 1, 3, 1, 12) + struct.pack(">12H", *_NO_CHARACTERS),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">4L2H2Q4h2H3h", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _EM, 0, 0, *box, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">L3hH11hH", 0x10000, ascent, descent, 0, _EM, 0, 0, _EM, 1, *(0,) * 7, 2),
        b"hmtx": struct.pack(">HhHh", _EM, 0, _NARROW, 0),
        b"loca": struct.pack(">3H", *(end // 2 for end in ends)),
        b"maxp": struct.pack(">L14H", 0x10000, 2, 4, 1, 0, 0, 1, *(0,) * 8),
        b"name": struct.pack(">3H", 0, 0, 6),
        b"post": struct.pack(">2L2h5L", 0x30000, 0, 0, 0, 1, *(0,) * 4),
    }
    return _font_file(tables)


def _glyph(width: int) -> bytes:
    """A box as the outline of a character: one contour of four points on the curve, words for coordinates."""
    box = (0, _BOTTOM, width, _TOP)
    across, up = (0, 0, width, 0), (_BOTTOM, _EM, 0, -_EM)
    data = struct.pack(">h4h2H4B8h", 1, *box, 3, 0, *(1,) * 4, *across, *up)
    return data + bytes(-len(data) % 4)


def _font_file(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = count.bit_length() - 1
    head = struct.pack(">L4H", 0x10000, count, 16 << power, power, 16 * (count - (1 << power)))
    at, body, head_at = len(head) + 16 * count, b"", 0
    for tag, data in tables.items():
        head += struct.pack(">4s3L", tag, _checksum(data), at + len(body), len(data))
        head_at = at + len(body) if tag == b"head" else head_at
        body += data + bytes(-len(data) % 4)
    adjustment = (_CHECKSUM_MAGIC - _checksum(head + body)) & 0xFFFFFFFF
    whole = bytearray(head + body)
    struct.pack_into(">L", whole, head_at + _ADJUSTMENT_AT, adjustment)
    return bytes(whole)


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}L", padded))
    return total & 0xFFFFFFFF
