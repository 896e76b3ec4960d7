"""A home folder: all that `ingest` made, kept where the embedded stack forgets it.

    DIR/index.sqlite3            the worker's index: documents, pages, vectors, thumbnails
    DIR/manifest.sqlite3         what was ingested from which path
    DIR/artifacts/<sha256>/...   copies of the results bucket, by content; so DIR/thumbnails, DIR/vectors
    DIR/lock                     held by the one `ingest` that may run at a time

A copied object lies in DIR under its own key, so it goes back into the bucket as it came.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from worker.aws.storage_handler import StorageHandler
from worker.errors import MisconfiguredError

_KEPT = ("artifacts", "thumbnails", "vectors")


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """The folder and what is where in it."""

    folder: Path

    @property
    def index_path(self) -> Path:
        """File of the search index."""
        return self.folder / "index.sqlite3"

    @property
    def manifest_path(self) -> Path:
        """File of the manifest."""
        return self.folder / "manifest.sqlite3"

    def require(self) -> None:
        """Raise MisconfiguredError when nothing was ingested into this folder."""
        if not self.index_path.is_file():
            raise MisconfiguredError(
                f"nothing was ingested into {self.folder} yet: cis-worker ingest PATH --home {self.folder}"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder where it is missing, and be the only one who ingests into it.

        Raises MisconfiguredError when it cannot be written, or another process is at it.
        """
        with translated(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MisconfiguredError(
                    f"another cis-worker ingest is at work on {self.folder}; wait for its end, "
                    "or name another folder with --home"
                ) from error
            yield

    def seed(self, storage: StorageHandler, sha256: str) -> None:
        """Put all that is known of a content into the results bucket, so that nobody makes it again."""
        with translated(self.folder):
            for kind in _KEPT:
                for path in sorted((self.folder / kind / sha256).glob("[!.]*")):
                    storage.put(f"{kind}/{sha256}/{path.name}", path.read_bytes())

    def take(self, storage: StorageHandler, sha256: str) -> None:
        """Move all that the results bucket holds of a content into the folder.

        It does not stay there, because moto keeps its objects in memory.
        """
        with translated(self.folder):
            for prefix in (f"{kind}/{sha256}/" for kind in _KEPT):
                for key in storage.keys(prefix):
                    data = storage.get(key)
                    if data is not None:
                        _write_whole(self.folder / key, data)
                storage.delete_prefix(prefix)

    def forget(self, sha256: str) -> None:
        """Remove what is known of a content."""
        for kind in _KEPT:
            shutil.rmtree(self.folder / kind / sha256, ignore_errors=True)


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn errors of the file system into MisconfiguredError that says what to do."""
    try:
        yield
    except OSError as error:
        raise MisconfiguredError(
            f"{folder} cannot be used: {error.strerror or error}; make sure that it is a folder you may "
            "write to, on a disk with free space"
        ) from error


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file that is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
