"""Save the body of an object to a file, undoing `Content-Encoding: gzip` on the way.

Hash and limit are of the decoded bytes: they are what is read, and the same file stored without the encoding
has the same hash.
"""

from __future__ import annotations

import errno
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from worker.errors import Code, LocalFaultError, RejectedError

_CHUNK_BYTES = 1024**2
_GZIP_FORMAT = 31  # zlib's number for a window of 32 KiB in gzip's container
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})
_BOMB_RATIO = 100


class Body(Protocol):
    """What S3 sends, read piece by piece."""

    def read(self, amt: int | None = None) -> bytes:
        """The next `amt` bytes at most, none at the end."""
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


def save_body(
    body: Body, path: Path, *, encoding: str, max_bytes: int | None, stop: Callable[[], None]
) -> tuple[str, int]:
    """Save a body whose Content-Encoding is `encoding`; the SHA-256 of the file, and the bytes received.

    `stop` is called between chunks and may raise. Raises RejectedError when gzip's data are damaged (CORRUPT)
    or unpack to more than `max_bytes` (TOO_LARGE, or BOMB for more than a hundredfold), LocalFaultError when
    the disk is full.
    """
    digest = hashlib.sha256()
    received_bytes = 0
    decoder = _GzipDecoder(max_bytes) if _is_gzip(encoding) else None
    with closing(body), _disk_space(path.parent), path.open("wb") as file:
        while chunk := body.read(_CHUNK_BYTES):
            received_bytes += len(chunk)
            for piece in decoder.decode(chunk) if decoder else (chunk,):
                stop()
                digest.update(piece)
                file.write(piece)
        if decoder:
            decoder.check_end()
    return digest.hexdigest(), received_bytes


def _is_gzip(encoding: str) -> bool:
    # SDKs that stream an upload leave `aws-chunked` in front.
    return bool(_GZIP_NAMES & {name.strip().lower() for name in encoding.split(",")})


@contextmanager
def _disk_space(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # A full disk must not count as a failure of the file.
        raise LocalFaultError(f"The disk of {folder} is full: {error.strerror}. Free some space.") from error


class _GzipDecoder:
    """Decodes the members of a gzip file; content that only claims to be gzip stays as it is."""

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._member: zlib._Decompress | None = None
        self._is_plain = False
        self._received_bytes = 0
        self._decoded_bytes = 0

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """The decoded bytes of the next chunk, at most 1 MiB at a time."""
        if not self._received_bytes:
            # Senders set the header on files that are not compressed, too.
            self._is_plain = not chunk.startswith(_GZIP_MAGIC)
        self._received_bytes += len(chunk)
        if self._is_plain:
            yield chunk
            return
        while chunk:
            if self._member is None or self._member.eof:
                # Padding after the last member, as from a tape, is no data.
                if self._member is not None and not chunk.startswith(_GZIP_MAGIC[:1]):
                    return
                self._member = zlib.decompressobj(_GZIP_FORMAT)
            yield from self._decode_member(self._member, chunk)
            chunk = self._member.unused_data

    def check_end(self) -> None:
        """Raise RejectedError when the data are cut off, or there is nothing in them."""
        if self._member is not None and not self._member.eof:
            raise RejectedError("the gzip data of the object (Content-Encoding) are cut off")
        if self._member is not None and not self._decoded_bytes:
            raise RejectedError("the gzip data of the object hold an empty file", code=Code.EMPTY)

    def _decode_member(self, member: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = member.decompress(chunk, _CHUNK_BYTES)
            except zlib.error as error:
                raise RejectedError(
                    f"the gzip data of the object (Content-Encoding) are damaged: {error}"
                ) from error
            self._decoded_bytes += len(piece)
            self._check_limit(self._received_bytes - len(member.unconsumed_tail))
            if piece:
                yield piece
            chunk = member.unconsumed_tail
            # A full piece may have more behind it although all input is consumed.
            if not chunk and len(piece) < _CHUNK_BYTES:
                return

    def _check_limit(self, used_bytes: int) -> None:
        if self._max_bytes is None or self._decoded_bytes <= self._max_bytes:
            return
        is_bomb = self._decoded_bytes > _BOMB_RATIO * used_bytes
        raise RejectedError(
            f"the object is stored with Content-Encoding: gzip, and unpacks to more than the limit of "
            f"{self._max_bytes} bytes (CIS_MAX_FILE_BYTES)",
            code=Code.BOMB if is_bomb else Code.TOO_LARGE,
        )
