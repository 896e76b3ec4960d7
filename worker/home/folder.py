"""A home folder: everything that `ingest` produced; the embedded stack keeps nothing.

    DIR/index.sqlite3            the worker's index: documents, pages, vectors, thumbnails
    DIR/manifest.sqlite3         what was ingested from which path
    DIR/artifacts/<sha256>/...   copies of the results bucket, by content; also DIR/thumbnails, DIR/vectors
    DIR/checkpoints/...          pages of files that a run did not finish (transfer/checkpoints.py)
    DIR/lock                     held by the one `ingest` that may run at a time

The path of a copied object in DIR is its key in the bucket.
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
from typing import TYPE_CHECKING

from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    # Importing boto3 would cost a search in a home folder more than the search.
    from worker.aws.storage_handler import StorageHandler

_KINDS = ("artifacts", "thumbnails", "vectors")


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """The folder, and the paths in it."""

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
    def lock(self) -> Iterator[None]:
        """Create the folder where it is missing, and hold its lock.

        Raises MisconfiguredError when it cannot be written, or another process holds the lock.
        """
        with translate_os_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a")
        with file:
            try:
                # The kernel releases it with the process, also after kill -9.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MisconfiguredError(
                    f"another cis-worker ingest is running on {self.folder}; wait for its end, "
                    "or name another folder with --home"
                ) from error
            yield

    def seed(self, storage: StorageHandler, sha256: str) -> None:
        """Copy what the folder holds of a content into the results bucket, so that it is not made again."""
        with translate_os_errors(self.folder):
            for kind in _KINDS:
                # A name that starts with a dot is a copy that a killed run did not finish.
                for path in sorted((self.folder / kind / sha256).glob("[!.]*")):
                    storage.put(f"{kind}/{sha256}/{path.name}", path.read_bytes())

    def collect(self, storage: StorageHandler, sha256: str) -> None:
        """Move what the results bucket holds of a content into the folder."""
        with translate_os_errors(self.folder):
            for prefix in (f"{kind}/{sha256}/" for kind in _KINDS):
                for key in storage.keys(prefix):
                    data = storage.get(key)
                    if data is not None:
                        write_atomically(self.folder / key, data)
                # moto keeps its objects in memory.
                storage.delete_prefix(prefix)

    def forget(self, sha256: str) -> None:
        """Remove what the folder holds of a content."""
        for kind in _KINDS:
            shutil.rmtree(self.folder / kind / sha256, ignore_errors=True)


@contextmanager
def translate_os_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the file system into a MisconfiguredError that says what to do."""
    try:
        yield
    except OSError as error:
        raise MisconfiguredError(
            f"{folder} cannot be used: {error.strerror or error}; make sure that it is a folder you may "
            "write to, on a disk with free space"
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is whole, or as it was before, whatever happens meanwhile."""
    # A run may be killed here, and half an artifact would be taken for a whole one by the next.
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a rename is atomic within one file system only.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
