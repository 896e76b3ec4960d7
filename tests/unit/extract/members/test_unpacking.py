"""Contained files on the disk, and what they may have together."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins.document_run import LIMITS
from worker.errors import Code, RejectedError
from worker.extract.members.unpacking import Unpacking
from worker.extract.page_source import ContainedFile
from worker.extract.read_options import Limits

pytestmark = pytest.mark.unit

_LIMITS = replace(LIMITS, max_file_bytes=1_000, output_bytes=1_000, max_unpacked_bytes=2_000)


def _unpacking(folder: Path, limits: Limits = _LIMITS) -> Unpacking:
    return Unpacking(limits=limits, folder=folder, document_bytes=100)


def _file(size: int, *, said: int = 0) -> ContainedFile:
    return ContainedFile(name="../../x", open=partial(io.BytesIO, b"x" * size), size_bytes=said)


def test_a_file_is_written_under_a_number_with_its_hash(tmp_path: Path) -> None:
    unpacked = _unpacking(tmp_path).unpack(_file(10), "x")

    assert unpacked.path == tmp_path / "00001" / "original"
    assert (unpacked.size_bytes, unpacked.sha256) == (10, hashlib.sha256(b"x" * 10).hexdigest())
    unpacked.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", [0, 1_001])
def test_a_file_over_the_limit_of_files_leaves_nothing(tmp_path: Path, said: int) -> None:
    with pytest.raises(RejectedError) as caught:
        _unpacking(tmp_path).unpack(_file(1_001, said=said), "x")
    assert caught.value.code is Code.TOO_LARGE
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_too_much_together_are_a_bomb_and_smaller_ones_still_fit(tmp_path: Path) -> None:
    unpacking = _unpacking(tmp_path)
    unpacking.unpack(_file(900), "x")
    unpacking.unpack(_file(900), "x")
    with pytest.raises(RejectedError) as caught:
        unpacking.unpack(_file(900), "x")
    assert caught.value.code is Code.BOMB
    assert unpacking.unpack(_file(100), "x").size_bytes == 100


def test_work_that_is_thrown_away_has_an_end(tmp_path: Path) -> None:
    unpacking = _unpacking(
        tmp_path, replace(_LIMITS, max_unpacked_bytes=1_000, max_file_bytes=5_000, output_bytes=5_000)
    )
    for _ in range(3):
        with pytest.raises(RejectedError):
            unpacking.unpack(_file(1_500), "x")
    with pytest.raises(RejectedError) as caught:
        unpacking.unpack(_file(10), "x")
    assert caught.value.code is Code.BOMB


def test_what_is_dense_beyond_belief_is_a_bomb(tmp_path: Path) -> None:
    limits = replace(LIMITS, max_file_bytes=1 << 40, output_bytes=1 << 40, max_unpacked_bytes=1 << 40)
    with pytest.raises(RejectedError) as caught:
        _unpacking(tmp_path, limits).unpack(_file(1, said=60 * 1024**2), "x")
    assert caught.value.code is Code.BOMB


def test_what_readers_have_thrown_away_counts(tmp_path: Path) -> None:
    unpacking = _unpacking(tmp_path)
    assert unpacking.work_left == 8_000
    unpacking.charge(7_990)
    assert unpacking.work_left == 10
    with pytest.raises(RejectedError) as caught:
        unpacking.unpack(_file(11), "x")
    assert caught.value.code is Code.BOMB
    assert unpacking.work_left == 0


class _Damaged(io.RawIOBase):
    """Some bytes, and then an error."""

    def __init__(self, *pieces: bytes, code: Code = Code.CORRUPT) -> None:
        self._pieces, self._code = list(pieces), code

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._pieces:
            raise RejectedError("damaged", code=self._code)
        piece = self._pieces.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)


def test_of_a_damaged_file_the_beginning_is_kept(tmp_path: Path) -> None:
    file = ContainedFile(name="x", open=lambda: io.BufferedReader(_Damaged(b"first ", b"second")))
    unpacked = _unpacking(tmp_path).unpack(file, "x")
    assert (unpacked.path.read_bytes(), unpacked.is_damaged) == (b"first second", True)


@pytest.mark.parametrize(
    "stream", [_Damaged(), _Damaged(b"first", code=Code.ENCRYPTED), _Damaged(b"x" * 900, b"x" * 900)]
)
def test_what_is_not_the_beginning_of_a_file_is_refused(tmp_path: Path, stream: _Damaged) -> None:
    file = ContainedFile(name="x", open=lambda: io.BufferedReader(stream))
    with pytest.raises(RejectedError):
        _unpacking(tmp_path).unpack(file, "x")
    assert list(tmp_path.iterdir()) == []
