"""The checkpoints of files that a run of `ingest` did not finish, kept in the home for the next run.

DIR/checkpoints/<file_id>/pointer.json    the path, and what the ledger's row said of the checkpoint
DIR/checkpoints/<file_id>/...             the objects it names, each at its key in the results bucket
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from worker.aws.ledger_row import FileRow, checkpoint_from_json, checkpoint_to_json
from worker.aws.storage_handler import StorageHandler
from worker.document.artifacts import CHECKPOINTS, ArtifactStore
from worker.home.file_walk import is_gone
from worker.home.folder import Home, translate_os_errors, write_atomically
from worker.models.ledger import Checkpoint

_POINTER = "pointer.json"
_KEPT_S = 30 * 86_400.0
"""As long as a fleet's bucket keeps them."""


class KeptCheckpoints:
    """The checkpoints of one home, as one run uses them; `now` is in seconds since 1970."""

    def __init__(self, home: Home, storage: StorageHandler, *, now: Callable[[], float] = time.time) -> None:
        self._home = home
        self._storage = storage
        self._now = now
        self._kept: dict[str, Checkpoint] = {}

    @property
    def pages(self) -> int:
        """How many pages of unfinished files this run has kept or taken over."""
        return sum(each.manifest.pages for each in self._kept.values() if each.manifest is not None)

    def seed(self, file_id: str) -> Checkpoint | None:
        """Copy the objects of a file's checkpoint into the results bucket; None where there is none.

        The ledger's row decides by the version whether the file is still the one that was read.
        """
        folder = self._folder(file_id)
        with translate_os_errors(self._home.folder):
            checkpoint = _read_pointer(folder / _POINTER)
            if checkpoint is None:
                return None
            for path in _objects(folder):
                self._storage.put(self._key(path), path.read_bytes())
        self._kept[file_id] = checkpoint
        return checkpoint

    def collect(self, row: FileRow, path: str) -> None:
        """Copy the checkpoint of an unfinished file into the home, where it has a new one."""
        checkpoint = row.checkpoint
        if checkpoint is None or self._kept.get(row.file_id) == checkpoint:
            return
        keys = self._names(checkpoint)
        folder = self._folder(row.file_id)
        with translate_os_errors(self._home.folder):
            for key in keys:
                target = self._home.folder / key
                data = None if target.exists() else self._storage.get(key)
                if data is not None:
                    write_atomically(target, data)
                elif not target.exists():
                    return  # the file was finished in the meantime, and its checkpoints are gone
            # Last: a run that is killed before leaves the former checkpoint whole.
            values = {"path": path, "checkpoint": checkpoint_to_json(checkpoint)}
            write_atomically(folder / _POINTER, json.dumps(values).encode())
            for old in _objects(folder):
                if self._key(old) not in keys:
                    old.unlink()
        self._kept[row.file_id] = checkpoint

    def drop(self, file_id: str) -> None:
        """Remove the checkpoint of a file that is finished."""
        self._kept.pop(file_id, None)
        shutil.rmtree(self._folder(file_id), ignore_errors=True)

    def sweep(self) -> None:
        """Remove the checkpoints of files that are gone, or were not read on for long."""
        for folder in (self._home.folder / CHECKPOINTS).glob("*"):
            pointer = folder / _POINTER
            path = _read(pointer).get("path")
            is_late = pointer.exists() and self._now() - pointer.stat().st_mtime > _KEPT_S
            if not isinstance(path, str) or is_gone(path) or is_late:
                shutil.rmtree(folder, ignore_errors=True)

    def _names(self, checkpoint: Checkpoint) -> set[str]:
        """The keys of the objects of a checkpoint."""
        store = ArtifactStore(self._storage, extraction_key=checkpoint.extraction_key)
        keys = {part.key for part in store.parts(checkpoint)}
        return keys | ({checkpoint.manifest.key} if checkpoint.manifest is not None else set())

    def _folder(self, file_id: str) -> Path:
        return self._home.folder / CHECKPOINTS / file_id

    def _key(self, path: Path) -> str:
        return path.relative_to(self._home.folder).as_posix()


def _objects(folder: Path) -> Iterable[Path]:
    """The copies of objects in a file's folder; a name that starts with a dot is an unfinished copy."""
    paths = sorted(folder.rglob("[!.]*"))
    return [path for path in paths if path.is_file() and path.name != _POINTER]


def _read_pointer(pointer: Path) -> Checkpoint | None:
    try:
        return checkpoint_from_json(str(_read(pointer)["checkpoint"]))
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def _read(pointer: Path) -> dict[str, object]:
    """What a pointer says; nothing where it is missing or damaged."""
    try:
        values = json.loads(pointer.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
