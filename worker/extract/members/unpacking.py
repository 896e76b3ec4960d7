"""Unpacking: contained files onto the disk, each under a number, and within the limits of all of them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.page_source import ContainedFile
from worker.extract.read_options import Limits

_CHUNK_BYTES = 1 << 20
_MAX_RATIO = 200
_RATIO_MATTERS_ABOVE_BYTES = 50 * 1024**2
# What is unpacked and thrown away, as too large, is work all the same.
_MAX_WORK = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpackedFile:
    """A contained file on the disk, in a folder of its own; of one that `is_damaged` only the beginning."""

    path: Path
    size_bytes: int
    sha256: str
    is_damaged: bool = False

    def remove(self) -> None:
        """Remove it with all that its reader wrote beside it."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


class Unpacking:
    """How much may still be unpacked of one document."""

    def __init__(self, *, limits: Limits, folder: Path, document_bytes: int) -> None:
        self.limits = limits
        self._folder = folder
        self._largest_bytes = min(limits.max_file_bytes, limits.output_bytes)
        by_ratio = max(_RATIO_MATTERS_ABOVE_BYTES, _MAX_RATIO * document_bytes)
        self._bytes_left = min(limits.max_unpacked_bytes, by_ratio)
        self._work_left = _MAX_WORK * self._bytes_left
        self._count = 0

    @property
    def work_left(self) -> int:
        """How many bytes readers may still unpack to say what is in their files."""
        return max(0, self._work_left)

    def charge(self, size_bytes: int) -> None:
        """Count what a reader has unpacked and thrown away."""
        self._work_left -= size_bytes

    def unpack(self, contained: ContainedFile, name: str) -> UnpackedFile:
        """Write one file, of a damaged one what comes before the damage.

        Raises RejectedError: `bomb`, `too_large`, and what opening it raises.
        """
        self._count += 1
        # The name of a download: messages of readers that begin with it are given the name of the document.
        path = self._folder / f"{self._count:05d}" / "original"
        self._check(contained.size_bytes, name)
        path.parent.mkdir(parents=True)
        digest, size_bytes, is_damaged = hashlib.sha256(), 0, False
        try:
            with contained.open() as source, path.open("wb") as target:
                read = getattr(source, "read1", source.read)
                try:
                    while chunk := read(_CHUNK_BYTES):
                        size_bytes += len(chunk)
                        self._work_left -= len(chunk)
                        self._check(size_bytes, name)
                        digest.update(chunk)
                        target.write(chunk)
                except RejectedError as error:
                    is_damaged = size_bytes > 0 and error.code is Code.CORRUPT
                    if not is_damaged:
                        raise
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        self._bytes_left -= size_bytes
        return UnpackedFile(
            path=path, size_bytes=size_bytes, sha256=digest.hexdigest(), is_damaged=is_damaged
        )

    def _check(self, size_bytes: int, name: str) -> None:
        if size_bytes > self._bytes_left or self._work_left < 0:
            raise RejectedError(f"{name}: unpacks to more than its container may", code=Code.BOMB)
        if size_bytes > self._largest_bytes:
            raise RejectedError(
                f"{name}: over the limit of {self._largest_bytes} bytes (CIS_MAX_FILE_BYTES)",
                code=Code.TOO_LARGE,
            )
