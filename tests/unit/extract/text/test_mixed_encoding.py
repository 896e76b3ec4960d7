"""Logs in two encodings, and with the zero bytes that a crash left."""

from __future__ import annotations

import pytest

from worker.extract.text.mixed_encoding import drop_zero_blocks, lines_of_two_encodings

pytestmark = pytest.mark.unit

_UTF8 = "起動しました".encode()
_OLDER = "接続できません".encode("cp932")


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("zero_bytes", [512, 4096, 4100])
def test_a_block_of_zeros_is_removed_and_the_characters_stay_aligned(encoding: str, zero_bytes: int) -> None:
    data = "before\n".encode(encoding) + bytes(zero_bytes) + "after\n".encode(encoding)

    text = drop_zero_blocks(data).decode(encoding)

    assert text.replace("\0", "") == "before\nafter\n"
    assert len(text) < len("before\nafter\n") + 4


def test_the_padding_of_other_formats_stays() -> None:
    assert drop_zero_blocks(b"name" + bytes(500)) == b"name" + bytes(500)


def test_each_line_has_its_encoding() -> None:
    data = b"\n".join([_UTF8, b"ascii", _OLDER, "漢字".encode()])

    assert lines_of_two_encodings(data) == [
        (_UTF8, True),
        (b"ascii", True),
        (_OLDER, False),
        ("漢字".encode(), True),
    ]


@pytest.mark.parametrize(
    "data",
    [
        _UTF8,
        _OLDER,
        _OLDER + b"\nword",
        _UTF8 + b"\xff",
        _UTF8[:-1],
        "起動しました".encode("utf-16"),
        b"",
    ],
)
def test_data_of_one_encoding_is_not_split(data: bytes) -> None:
    assert lines_of_two_encodings(data) is None
