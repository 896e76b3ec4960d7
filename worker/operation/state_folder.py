"""The check of CIS_STATE_DIR, where a worker records what it holds for the next process on this machine."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from worker.config import Settings
from worker.operation.finding import Check, Finding, Level, ok, warning
from worker.runtime.process_record import read_boot_id, records_folder

_SUBJECT = "state folder"
_MOUNTS = Path("/proc/self/mountinfo")
_ADVICE = "Set CIS_STATE_DIR to a folder that the worker may write to and that outlives its process."
_LOSS = "a document that kills its worker is tried until the queue's own limit, not three times"
# The file systems on which an image's layers are shown; a machine's own root is on none of them.
_LAYERED = frozenset({"overlay", "aufs", "fuse-overlayfs"})
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def state_folder_check(settings: Settings) -> Check:
    """The check of the folder as this machine mounts it."""
    return Check(
        subject=_SUBJECT,
        run=partial(state_folder_findings, settings.state_dir),
        advice=_ADVICE,
        worst=Level.WARNING,
    )


def state_folder_findings(
    folder: Path, *, boot_id: str | None = None, mounts: Path = _MOUNTS
) -> Sequence[Finding]:
    """Whether the folder takes records, is this user's alone, and outlives the worker."""
    problem = _find_problem(folder, read_boot_id() if boot_id is None else boot_id)
    if problem:
        return [warning(_SUBJECT, f"{problem}: {_LOSS}.", _ADVICE)]
    kind, is_container = _file_system(folder, mounts)
    if is_container and kind in _LAYERED | _IN_MEMORY:
        place = "memory" if kind in _IN_MEMORY else "layer"
        return [
            warning(
                _SUBJECT,
                f"{folder} is in the {place} of this container and goes with it: after a restart {_LOSS}.",
                "Set CIS_STATE_DIR to a folder on a volume (docs/containers.md).",
            )
        ]
    lifetime = (
        "forgotten at a restart of the machine, which is no crash of a worker"
        if kind in _IN_MEMORY
        else "kept over a restart of the machine, where records of another boot count for nothing"
    )
    return [ok(_SUBJECT, f"{folder} is writable; {lifetime}")]


def _find_problem(folder: Path, boot_id: str) -> str:
    """What keeps records from being written, empty where nothing does."""
    if not boot_id:
        return "The kernel's boot id cannot be read (is /proc mounted?)"
    records = records_folder(folder)
    try:
        if records.exists():
            return _ownership_problem(records) or _try_writing(records)
        # A worker makes what is missing of it.
        return _try_writing(next(each for each in (folder, *folder.absolute().parents) if each.exists()))
    except OSError as error:
        return f"{folder} cannot be used: {error.strerror}"


def _ownership_problem(records: Path) -> str:
    found = records.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return f"{records} is no folder"
    if found.st_uid != os.geteuid():
        return f"{records} belongs to another user"
    mode = found.st_mode & 0o777
    return f"{records} is open to other users (mode {mode:o})" if mode & 0o077 else ""


def _try_writing(folder: Path) -> str:
    """Make and lock a folder, as the record of a process is."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".cis-doctor-") as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return f"{folder} has no locks: {error.strerror}"
        finally:
            os.close(descriptor)
    return ""


def _file_system(folder: Path, mounts: Path) -> tuple[str, bool]:
    """The kind of file system a folder is on, and whether this is a container (its root is layered)."""
    kinds: dict[Path, str] = {}
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return "", False
    for line in lines:
        place, _, source = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) > 4 and source:
            # Later mounts hide earlier ones of the same place.
            kinds[Path(_decode(fields[4]))] = source.split(" ")[0]
    resolved = folder.resolve()
    nearest = next((each for each in (resolved, *resolved.parents) if each in kinds), None)
    return (kinds[nearest] if nearest else ""), kinds.get(Path("/"), "") in _LAYERED


def _decode(text: str) -> str:
    """A path of mountinfo, which has spaces as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
