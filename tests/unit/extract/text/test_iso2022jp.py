"""ISO-2022-JP in all editions, and as Japanese mail programs write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.extract.text.iso2022jp import decode_jis, is_jis

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "edition"),
    [
        ("営業報告書 2024\n担当: 山田\n", "iso2022_jp"),
        ("丂丄の補助漢字", "iso2022_jp_1"),
        ("日本語と中文简体", "iso2022_jp_2"),
        ("日本語와 한국어", "iso2022_jp_2"),
        ("日本語 Grüße", "iso2022_jp_2"),
        ("①㈱の拡張", "iso2022_jp_3"),
        ("①𠮟俱の拡張", "iso2022_jp_2004"),
        ("ﾌﾘｺﾐ ﾔﾏﾀﾞ", "iso2022_jp_ext"),
    ],
)
def test_every_edition_is_read(text: str, edition: str) -> None:
    data = text.encode(edition)

    assert is_jis(data)
    assert decode_jis(data) == text


@pytest.mark.parametrize("text", ["①㈱髙島屋", "山﨑さん №5 ㍻", "纊褜鍈銈"])
def test_characters_added_by_microsoft_are_read_with_the_standard_escapes(text: str) -> None:
    pairs = b""
    for char in text.encode("cp932").decode("cp932"):
        code = char.encode("cp932")
        pairs += _as_jis(code) if len(code) == 2 else b"\x1b(B" + code + b"\x1b$B"

    assert decode_jis(b"\x1b$B" + pairs + b"\x1b(B") == text


def _as_jis(shift_jis: bytes) -> bytes:
    """The cell of the table; rows 89 to 92 for the kanji that IBM has at other cells, too."""
    lead, trail = shift_jis
    if lead >= 0xFA:
        text = shift_jis.decode("cp932")
        for row in (0xED, 0xEE):
            for other in range(0x40, 0xFD):
                if bytes((row, other)).decode("cp932", "ignore") == text:
                    lead, trail = row, other
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21
    if trail >= 0x9F:
        return bytes((row + 1, trail - 0x7E))
    return bytes((row, trail - (0x1F if trail < 0x7F else 0x20)))


def test_a_missing_escape_at_the_end_of_a_line_costs_only_that_line() -> None:
    data = b"\x1b$B" + "日本".encode("iso2022_jp")[3:-3] + b"\r\n\x1b(BHello"

    assert decode_jis(data) == "日本\r\nHello"


@pytest.mark.parametrize("data", [b"plain", b"\x1b[31mred\x1b[0m", b"\x1b(Bstill ASCII", b"$B", b""])
def test_other_escapes_are_not_japanese(data: bytes) -> None:
    assert not is_jis(data)


@given(
    st.lists(
        st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b(I", b"\x1b$(D", b"\x1b.A", b"\x1bN", b"!", b"~", b"\n"])
    )
)
def test_invalid_data_is_no_error(pieces: list[bytes]) -> None:
    assert isinstance(decode_jis(b"".join(pieces)), str)
