"""Spool: files that wait for their upload, in a folder of the worker's own."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from worker.aws.buckets.file_upload import PART_BYTES, StoredFile
from worker.errors import LocalFaultError
from worker.runtime.work_root import WorkRoot

_FOLDER = "uploads"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewObject:
    """An object to store: its key, and its contents in chunks, which may be made as they are written."""

    key: str
    chunks: Iterable[bytes]
    content_type: str = "application/gzip"


class Spool:
    """Writes files below a worker's folder, which is removed with the worker."""

    def __init__(self, work_root: WorkRoot) -> None:
        self._work_root = work_root

    def write(self, new: NewObject) -> StoredFile:
        """Write the file that is to become an object; raises LocalFaultError (disk full)."""
        self._work_root.ensure()
        path = self._work_root.path / _FOLDER / uuid.uuid4().hex
        digests, size_bytes = _PartDigests(), 0
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("xb") as file:
                for chunk in new.chunks:
                    file.write(chunk)
                    digests.add(chunk)
                    size_bytes += len(chunk)
        except OSError as error:
            _unlink(path)
            raise LocalFaultError(
                f"no file can be written in {path.parent}: {error.strerror}. Free some space, or set "
                "CIS_WORK_DIR to another disk."
            ) from error
        return StoredFile(
            path=str(path),
            key=new.key,
            content_type=new.content_type,
            size_bytes=size_bytes,
            digests=digests.end(),
        )


def remove(file: StoredFile) -> None:
    """Remove a file that needs no upload any more; one that is gone already is no fault."""
    _unlink(Path(file.path))


def _unlink(path: Path) -> None:
    # The folder, or the whole disk, may be gone; what stays is removed with the worker's folder.
    with suppress(OSError):
        path.unlink()


class _PartDigests:
    """The SHA-256 of each part of a stream of bytes."""

    def __init__(self) -> None:
        self._ended: list[bytes] = []
        self._current = hashlib.sha256()
        self._left_bytes = PART_BYTES

    def add(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            # Only now: a file of exactly one part has no empty second one.
            if not self._left_bytes:
                self._end_part()
            piece = view[: self._left_bytes]
            self._current.update(piece)
            self._left_bytes -= len(piece)
            view = view[len(piece) :]

    def end(self) -> tuple[bytes, ...]:
        self._end_part()
        return tuple(self._ended)

    def _end_part(self) -> None:
        self._ended.append(self._current.digest())
        self._current, self._left_bytes = hashlib.sha256(), PART_BYTES
