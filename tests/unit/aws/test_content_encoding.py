"""Bodies that are stored with `Content-Encoding: gzip`, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import hashlib
from io import BytesIO
from pathlib import Path

import pytest

from worker.aws.content_encoding import save_body
from worker.errors import Code, RejectedError

pytestmark = pytest.mark.unit

TEXT = "営業報告書 ".encode() * 100_000


def save(data: bytes, path: Path, *, encoding: str = "gzip", max_bytes: int | None = None) -> tuple[str, int]:
    return save_body(BytesIO(data), path, encoding=encoding, max_bytes=max_bytes, stop=lambda: None)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "aws-chunked,gzip", "aws-chunked, gzip"])
def test_the_file_has_the_decoded_bytes_and_their_hash(tmp_path: Path, encoding: str) -> None:
    data = gzip.compress(TEXT)
    sha256, received_bytes = save(data, tmp_path / "f", encoding=encoding)
    assert (tmp_path / "f").read_bytes() == TEXT
    assert (sha256, received_bytes) == (hashlib.sha256(TEXT).hexdigest(), len(data))


@pytest.mark.parametrize("encoding", ["", "identity", "br", "aws-chunked"])
def test_any_other_body_stays_as_it_is(tmp_path: Path, encoding: str) -> None:
    data = gzip.compress(b"text")
    assert save(data, tmp_path / "f", encoding=encoding) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (tmp_path / "f").read_bytes() == data


@pytest.mark.parametrize("data", [b"plain text", b"\x1f", b"%PDF-1.7"])
def test_content_that_only_claims_to_be_gzip_stays_as_it_is(tmp_path: Path, data: bytes) -> None:
    save(data, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == data


@pytest.mark.parametrize("padding", [b"", b"\0" * 512, b"trailing"])
def test_members_are_joined_and_padding_is_dropped(tmp_path: Path, padding: bytes) -> None:
    save(gzip.compress(b"one ") + gzip.compress(b"two") + padding, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"one two"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT)[:-10],
        gzip.compress(TEXT)[:12],
        b"\x1f\x8b",
        gzip.compress(TEXT)[:-8] + bytes(8),
        gzip.compress(b"one") + gzip.compress(b"two")[:-4],
    ],
    ids=["cut", "header only", "magic only", "wrong checksum", "second member cut"],
)
def test_damaged_data_are_corrupt(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        save(data, tmp_path / "f")
    assert caught.value.code is Code.CORRUPT


def test_an_empty_file_in_gzip_is_empty(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        save(gzip.compress(b""), tmp_path / "f")
    assert caught.value.code is Code.EMPTY


def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path) -> None:
    limit = 5 * 1024**2
    with pytest.raises(RejectedError) as caught:
        save(gzip.compress(bytes(200 * 1024**2)), tmp_path / "f", max_bytes=limit)
    assert caught.value.code is Code.BOMB
    assert (tmp_path / "f").stat().st_size <= limit


def test_a_file_that_is_only_large_is_too_large(tmp_path: Path) -> None:
    data = hashlib.shake_256(b"seed").digest(3_000_000)
    with pytest.raises(RejectedError) as caught:
        save(gzip.compress(data), tmp_path / "f", max_bytes=2_000_000)
    assert caught.value.code is Code.TOO_LARGE


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    save(gzip.compress(TEXT), tmp_path / "f", max_bytes=len(TEXT))
    assert (tmp_path / "f").stat().st_size == len(TEXT)
