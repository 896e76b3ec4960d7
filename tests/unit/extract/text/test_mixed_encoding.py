"""Files that are not written in one piece: which lines are in UTF-8, and what a crash left empty."""

from __future__ import annotations

import pytest

from worker.extract.text.mixed_encoding import lines_of_two_encodings, without_lost_blocks

pytestmark = pytest.mark.unit

_UTF8 = "起動しました".encode()
_OLDER = "接続できません".encode("cp932")


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("lost_bytes", [512, 4096, 4100])
def test_a_lost_block_goes_and_the_characters_stay_in_step(encoding: str, lost_bytes: int) -> None:
    data = "before\n".encode(encoding) + bytes(lost_bytes) + "after\n".encode(encoding)

    kept = without_lost_blocks(data).decode(encoding)

    assert kept.replace("\0", "") == "before\nafter\n"
    assert len(kept) < len("before\nafter\n") + 4


def test_the_zeros_that_formats_are_padded_with_stay() -> None:
    assert without_lost_blocks(b"name" + bytes(500)) == b"name" + bytes(500)


def test_lines_are_told_apart() -> None:
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
def test_data_of_one_encoding_is_left_alone(data: bytes) -> None:
    assert lines_of_two_encodings(data) is None
