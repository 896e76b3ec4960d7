"""What a run of `ingest` has to do, by disk and manifest, before any server is started."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from os import fsencode
from pathlib import Path, PurePosixPath

from worker.embedded.resource_names import SOURCE_BUCKET
from worker.errors import MisconfiguredError
from worker.home.file_walk import FoundFile, Ignored, LeftOut, Unreadable, display, is_gone, walk
from worker.home.made_with import is_current
from worker.home.manifest import Manifest, ManifestEntry
from worker.home.name_filter import EVERY_NAME, NameFilter
from worker.home.result import FAILED, Result, from_document
from worker.index.search_index import SearchIndex
from worker.models.file import file_id

_CHUNK_BYTES = 1024**2
_NAME_CHARS = 80
_FILE_WEIGHT = 50_000


class Need(StrEnum):
    """What a file on the disk needs now."""

    NOTHING = "nothing"
    NEW_ENTRY = "new_entry"
    """Only its time changed: its entry in the manifest is updated."""
    WORK = "work"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One file for the worker; `entry` is its manifest entry, `deleted` means that it left the disk."""

    path: str
    size_bytes: int = 0
    mtime_ns: int = 0
    entry: ManifestEntry | None = None
    deleted: bool = False

    @property
    def key(self) -> str:
        """Key in the source bucket: the same in every run, and valid whatever the path is."""
        return object_key(self.path)

    @property
    def weight(self) -> int:
        """Its part in the work of a run: its bytes, and as much as a small file for being one."""
        return self.size_bytes + _FILE_WEIGHT

    @property
    def file_id(self) -> str:
        """Identity in ledger and index."""
        return file_id(SOURCE_BUCKET, self.key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A file that needs no work."""

    result: Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Planner:
    """Decides for each file. `made_with` is the extraction key, embedding models and limits of this run.

    With `dry` the manifest is left as it is.
    """

    manifest: Manifest
    index: SearchIndex
    made_with: str
    stop: Callable[[], None]
    names: NameFilter = EVERY_NAME
    dry: bool = False

    def plan(self, paths: Sequence[str], *, home: str) -> Iterator[Task | Skipped | Ignored | LeftOut]:
        """What to do, or to report, for each file below the paths that exist, in their order."""
        present = [path for path in paths if _exists(path)]
        for item in walk(present, exclude=home, stop=self.stop, names=self.names):
            yield item if isinstance(item, Ignored | LeftOut) else self._decide(item)

    def find_deleted(self, paths: Sequence[str]) -> list[Task]:
        """The ingested files at and below the paths that are no longer on the disk."""
        entries = {entry.path: entry for path in paths for entry in self.manifest.below(path)}
        return [
            Task(path=entry.path, entry=entry, deleted=True)
            for entry in entries.values()
            if is_gone(entry.path)
        ]

    def _decide(self, found: FoundFile | Unreadable) -> Task | Skipped:
        if isinstance(found, Unreadable):
            return Skipped(result=read_failure(found.path, found.message))
        entry = self.manifest.get(found.path)
        try:
            need = need_of(found, entry, made_with=self.made_with, stop=self.stop)
            if need is Need.WORK:
                _require_readable(found.path)
        except OSError as error:
            return Skipped(result=read_failure(found.path, error.strerror or "it cannot be read"))
        document = None if need is Need.WORK or entry is None else self.index.document(entry.file_id)
        # The index file may have been deleted, so an entry alone is not enough to skip.
        if entry is None or document is None:
            return Task(path=found.path, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns, entry=entry)
        if need is Need.NEW_ENTRY and not self.dry:
            self.manifest.put(replace(entry, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns))
        return Skipped(result=from_document(document, path=display(found.path), skipped=True))


def need_of(
    found: FoundFile, entry: ManifestEntry | None, *, made_with: str, stop: Callable[[], None]
) -> Need:
    """What a file needs, by its manifest entry; hashed only where its time changed and its size did not.

    Raises OSError when it must be read and cannot be.
    """
    if entry is None or entry.is_unfinished or not is_current(entry.made_with, made_with):
        return Need.WORK
    if (found.size_bytes, found.mtime_ns) == (entry.size_bytes, entry.mtime_ns):
        return Need.NOTHING
    is_same = found.size_bytes == entry.size_bytes and file_sha256(found.path, stop) == entry.sha256
    return Need.NEW_ENTRY if is_same else Need.WORK


def file_sha256(path: str, stop: Callable[[], None]) -> str:
    """SHA-256 (hex) of a file; `stop` is called between chunks and may raise. Raises OSError."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            stop()
            digest.update(chunk)
    return digest.hexdigest()


def _require_readable(path: str) -> None:
    """Raise OSError for a file that cannot be read; else a stack would be started for nothing."""
    with Path(path).open("rb") as file:
        file.read(1)


def object_key(path: str) -> str:
    """Key of a path's object: unique by a hash of its bytes, readable by the name of the file."""
    # Not as it is displayed: the id of a file is made of this, and homes of earlier versions hold it.
    text = fsencode(path).decode("utf-8", "replace")
    name = unicodedata.normalize("NFC", PurePosixPath(text).name)
    # S3 takes any key, but some characters are altered on the way by proxies and by XML.
    safe_name = "".join(char if char.isalnum() or char in ".-_" else "_" for char in name)
    return f"home/{hashlib.sha256(fsencode(path)).hexdigest()[:32]}/{safe_name[-_NAME_CHARS:]}"


def read_failure(path: str, message: str) -> Result:
    """The result of a file that cannot be read from the disk."""
    return Result(
        file_path=display(path),
        file_id=file_id(SOURCE_BUCKET, object_key(path)),
        state=FAILED,
        reason=message,
    )


def require_paths(paths: Iterable[str], *, may_be_missing: Callable[[str], bool]) -> None:
    """Raise MisconfiguredError naming the paths that do not exist; `may_be_missing` exempts some."""
    missing = [path for path in paths if not _exists(path) and not may_be_missing(path)]
    if missing:
        raise MisconfiguredError(f"no such file or folder: {', '.join(map(display, missing))}")


def _exists(path: str) -> bool:
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
