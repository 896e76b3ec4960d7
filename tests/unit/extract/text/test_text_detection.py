"""Text and binary data by their first bytes: every encoding against every kind of binary file."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.extract.text.charset import decode
from worker.extract.text.text_detection import is_text

pytestmark = pytest.mark.unit

_NOTE = "納品日は五月十日です。\n担当は営業部です。\n"
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + b"<rdf:li>a title</rdf:li>\n" * 2_000


def _psd(resources: bytes = b"") -> bytes:
    header = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 400, 500, 8, 3)
    return header + bytes(4) + struct.pack(">I", len(resources)) + resources + b"\xff" * 3_000


def _tga() -> bytes:
    return bytes([0, 0, 2]) + bytes(9) + struct.pack("<HHBB", 60, 40, 24, 0) + b"\xff" * 7_200


def _compressed() -> bytes:
    return zlib.compress(random.Random(1).randbytes(800))[2:606]


def _photograph(length: int) -> bytes:
    """Neighbouring pixels of which are alike."""
    rnd = random.Random(2)
    shades = [200]
    while len(shades) < length:
        shades.append(min(255, max(130, shades[-1] + rnd.choice((-1, 0, 1)))))
    return bytes(shades)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"words\n", True),
        (b"\x1b[31mred\x1b[0m\n", True),
        ("日本語。".encode("cp932"), True),
        ("a日本語。".encode("utf-8-sig"), True),
        ("見積書\x1a".encode("cp932"), True),
        ("報告書".encode("utf-16") + b"A", True),
        ("\ufeff氏名\n\ufeff山田\n".encode(), True),
        ("起動しました。\n".encode("cp932") + bytes(4096), True),
        (("起動\n" * 9).encode() + ("終了しました\n" * 9).encode("cp932"), True),
        (b"", False),
        (bytes(100), False),
        (bytes(5000), False),
        (bytes(range(256)), False),
        (b"\x7fELF\x02\x01\x01" + bytes(57), False),
    ],
)
def test_text_is_distinguished_from_binary_data(data: bytes, expected: bool) -> None:
    assert is_text(data) is expected


@pytest.mark.parametrize(
    "data",
    [
        _psd(),
        _psd()[:26],
        _psd()[:6],
        b"\xff",
        b"\xff" * 4,
        b"\xff" * 5_000,
        b"\xaa" * 604,
        bytes(4),
        b"\xd0\xcf\x11\xe0",
        b"\xd0\xcf\x11\xe0\xa1\xb1",
        b"\xfd\xff\xff\xff",
        b"\x0c\0\0\0",
        b"\0\0\0\1Bud1",
        b"RIFF\xa4\xb9",
        b"RIFF\xd0 ",
        b"\x1f\x8b\x08\0",
        b"\xa7\r\r\n",
        b"TZif2\0",
        b"\x1a\x014\0&\0\x07\0",
        _tga(),
        _compressed(),
        _photograph(604),
        struct.pack("<150I", *range(1_000, 1_150)),
        struct.pack("<75d", *(index / 7 for index in range(75))),
    ],
)
def test_binary_data_is_no_text(data: bytes) -> None:
    assert not is_text(data)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (_NOTE, "utf-16"),
        (_NOTE, "utf-16-le"),
        (_NOTE, "euc_jp"),
        (_NOTE, "iso2022_jp"),
        ("见到您很高兴，请坐。\n", "gb18030"),
        ("見到您很高興，請坐。\n", "big5"),
        ("만나서 반갑습니다.\n", "cp949"),
        ("Привет, как дела сегодня?\n", "koi8_r"),
        ("Привет, как дела сегодня?\n", "cp866"),
        ("Доброго ранку, панове\n", "koi8_u"),
        ("Το ραντεβού είναι αύριο\n", "cp1253"),
        ("הפגישה היא מחר בבוקר\n", "cp1255"),
        ("الاجتماع غدا في الصباح\n", "cp1256"),
        ("การประชุมคือวันพรุ่งนี้\n", "cp874"),
        ("Spotkanie odbędzie się później\n", "iso8859_2"),
        ("Die Prüfung findet später statt\n", "cp1252"),
        ("Yarınki toplantı şirkette\n", "cp1254"),
    ],
)
@pytest.mark.parametrize("end", ["", "\r\n", "\x1a"])
def test_a_short_note_is_text_in_every_encoding(text: str, encoding: str, end: str) -> None:
    assert is_text((text + end).encode(encoding))


@pytest.mark.parametrize("cut", range(1, 4))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp932", "euc_jp", "gb18030"])
def test_the_last_character_may_be_truncated(encoding: str, cut: int) -> None:
    assert is_text(_NOTE.encode(encoding)[:-cut])


@pytest.mark.parametrize("stray", [b"\xff\xfe", b"\xfe\xff", b"\xff", b"\x80", b"\xe9"])
@pytest.mark.parametrize("place", [0, 11, 33, 34, 66])
def test_two_stray_bytes_leave_a_note_in_utf8_what_it_is(stray: bytes, place: int) -> None:
    note = ("\n" + _NOTE).encode()
    data = note[:place] + stray + note[place:]

    assert is_text(data) or data.startswith((b"\xff\xfe", b"\xfe\xff"))
    assert "営業部です" in decode(data) or place == 66 or data.startswith((b"\xff\xfe", b"\xfe\xff"))


def test_a_line_of_stray_bytes_becomes_as_many_replacements() -> None:
    data = "納品日は五月十日です。\n".encode() + b"\xff\xfe\n" + "担当は営業部です。\n".encode()

    assert decode(data) == "納品日は五月十日です。\n\ufffd\ufffd\n担当は営業部です。\n"


def test_what_a_signature_says_counts_unless_there_is_no_control_byte() -> None:
    psd = b"8BPS" + _XMP + b"\0\1"

    assert is_text(psd)
    assert not is_text(psd, is_known_binary=True)
    assert is_text("Végrehajtó parancs\n".encode("iso8859_2"), is_known_binary=True)


@given(st.binary(max_size=300))
def test_nothing_is_raised_for_any_data(data: bytes) -> None:
    assert is_text(data) in (True, False)
