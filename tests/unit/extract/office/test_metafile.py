"""Metafiles written record by record: EMF, EMF+ and WMF."""

from __future__ import annotations

import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.extract.office.metafile import metafile_text

pytestmark = pytest.mark.unit

_WIDTH = 10


def _emf(*records: bytes) -> bytes:
    header = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    return header + b"".join(records) + struct.pack("<IIIII", 14, 20, 0, 16, 20)


def _record(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, 8 + len(body)) + body


def _text(text: str, x: int, y: int, *, options: int = 0, distances: bool = True) -> bytes:
    raw = text.encode("utf-16-le")
    padded = raw + bytes(-len(raw) % 4)
    steps = struct.pack(f"<{len(text)}i", *[_WIDTH] * len(text)) if distances else b""
    distances_at = 76 + len(padded) if distances else 0
    head = bytes(28) + struct.pack("<iiIII", x, y, len(text), 76, options) + bytes(16)
    return _record(84, head + struct.pack("<I", distances_at) + padded + steps)


def _wmf(*records: bytes) -> bytes:
    return struct.pack("<HHHIHIH", 1, 9, 0x300, 0, 0, 0, 0) + b"".join(records) + struct.pack("<IH", 3, 0)


def _wmf_record(kind: int, body: bytes) -> bytes:
    body += bytes(len(body) % 2)
    return struct.pack("<IH", 3 + len(body) // 2, kind) + body


def _wmf_text(raw: bytes, x: int, y: int, *, options: int = 0) -> bytes:
    rectangle = bytes(8) if options & 6 else b""
    return _wmf_record(0x0A32, struct.pack("<hhHH", y, x, len(raw), options) + rectangle + raw)


def test_words_of_one_height_form_one_line_with_spaces_at_gaps() -> None:
    drawn = _emf(
        *(_text("売上", 0, 5), _text("高", 2 * _WIDTH + 1, 5), _text("2025年", 100, 5)),
        *(_text("第1四半期", 0, 40), _text(" ", 0, 50), _text("合計", 0, 60, distances=False)),
        _text("計", 30, 60),
    )

    assert metafile_text(drawn) == "売上高 2025年\n第1四半期\n合計 計"


def test_the_bounding_box_takes_precedence_over_the_reference_point() -> None:
    def place(text: str, left: int, top: int, right: int, bottom: int) -> bytes:
        record = _text(text, 0, 0, distances=False)
        return record[:8] + struct.pack("<iiii", left, top, right, bottom) + record[24:]

    drawn = _emf(
        *(
            place("構成", 0, 100, 40, 120),
            place("図 ", 41, 101, 65, 121),
            place("2025", 200, 98, 240, 118),
        ),
        *(place("東京", 0, 130, 40, 150), place("大阪", 80, 130, 120, 150)),
    )

    assert metafile_text(drawn) == "構成図 2025\n東京 大阪"


def test_small_text_records_and_byte_strings_are_read_too() -> None:
    wide, narrow = "品名".encode("utf-16-le"), "単価".encode("cp932")
    ansi = bytes(28) + struct.pack("<iiIII", 0, 30, 5, 76, 0) + bytes(20) + b"total"

    drawn = _emf(
        _record(108, struct.pack("<iiII", 0, 10, 2, 0x100) + bytes(12) + wide),
        _record(108, struct.pack("<iiII", 0, 20, 4, 0x200) + bytes(28) + narrow),
        _record(83, ansi),
    )

    assert metafile_text(drawn) == "品名\n単価\ntotal"


def test_text_drawn_as_glyph_numbers_is_left_out() -> None:
    assert metafile_text(_emf(_text("abc", 0, 0, options=0x10))) == ""


def _plus(kind: int, body: bytes) -> bytes:
    inner = struct.pack("<HHII", kind, 0, 12 + len(body), len(body)) + body
    return _record(70, struct.pack("<I", 4 + len(inner)) + b"EMF+" + inner)


def test_emf_plus_records_count_where_there_are_no_emf_ones() -> None:
    raw = "構成図".encode("utf-16-le")
    string = _plus(0x401C, struct.pack("<IIIffff", 0, 0, 3, 1, 2, 0, 0) + raw)
    driver = _plus(0x4036, struct.pack("<IIII", 0, 1, 0, 3) + raw + struct.pack("<ff", 1, 9) + bytes(16))
    glyphs = _plus(0x4036, struct.pack("<IIII", 0, 0, 0, 3) + raw + bytes(24))

    assert metafile_text(_emf(string, driver, glyphs)) == "構成図\n構成図"
    assert metafile_text(_emf(string, _text("older", 0, 0))) == "older"


def test_wmf_with_and_without_a_placeable_header_is_decoded() -> None:
    drawn = _wmf(
        _wmf_text("請求書".encode("cp932"), 0, 5),
        _wmf_text(b"No. 7", 80, 5, options=2),
        _wmf_record(0x0521, struct.pack("<H", 5) + b"total\0" + struct.pack("<hh", 30, 0)),
    )

    assert metafile_text(drawn) == "請求書 No. 7\ntotal"
    assert metafile_text(b"\xd7\xcd\xc6\x9a" + bytes(18) + drawn) == "請求書 No. 7\ntotal"


def test_short_bytes_are_decoded_by_the_charset_of_the_font() -> None:
    font = _wmf_record(0x02FB, bytes(13) + b"\x80" + bytes(4))

    assert metafile_text(_wmf(font, _wmf_text("構成図".encode("cp932"), 0, 0))) == "構成図"


def test_compressed_metafiles_are_decompressed() -> None:
    assert metafile_text(gzip.compress(_emf(_text("図", 0, 0)))) == "図"
    assert metafile_text(gzip.compress(b"text")) is None
    assert metafile_text(b"\x1f\x8b\x08invalid") is None


@pytest.mark.parametrize("cut", [90, 100, 130, 170])
def test_text_before_a_damaged_place_is_kept(cut: int) -> None:
    data = _emf(_text("before", 0, 0)) + _text("after", 0, 9)

    assert "before".startswith(metafile_text(data[:cut]) or "")
    assert metafile_text(_emf(_text("before", 0, 0), struct.pack("<II", 84, 3), _text("x", 0, 9))) == "before"


@given(
    st.lists(st.tuples(st.sampled_from([83, 84, 108, 70]), st.binary(max_size=120)), max_size=4), st.binary()
)
def test_no_bytes_raise(records: list[tuple[int, bytes]], end: bytes) -> None:
    assert metafile_text(_emf(*(_record(kind, body) for kind, body in records), end)) is not None
    assert metafile_text(_wmf(*(_wmf_record(0x0A32, body) for _, body in records), end)) is not None


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", bytes(200), b"\x01\x00\x00\x00" + bytes(100)])
def test_other_files_are_no_metafiles(data: bytes) -> None:
    assert metafile_text(data) is None


def test_wrong_counts_add_no_text() -> None:
    wrong = bytes(28) + struct.pack("<iiIII", 0, 0, 0x7FFFFFFF, 76, 0) + bytes(16)
    wrong += struct.pack("<I", 80) + "ab".encode("utf-16-le")

    assert metafile_text(_emf(_record(84, wrong))) == "ab"
    assert metafile_text(_wmf(_wmf_text(b"ab", 0, 0)[:-2] + b"")) == ""


def test_small_records_cannot_share_the_same_megabytes() -> None:
    small = struct.pack("<HHII", 0x401C, 0, 12, 0x7FFFFFFF)
    body = b"EMF+" + 3 * small + bytes(16) + "同じ言葉".encode("utf-16-le")

    assert metafile_text(_emf(_record(70, struct.pack("<I", len(body)) + body))) == ""


def test_of_too_many_records_the_first_are_read() -> None:
    many = _wmf(_wmf_text(b"ab", 0, 0) * 100_001)

    assert metafile_text(many) == " ".join(["ab"] * 100_000)
