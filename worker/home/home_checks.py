"""What the doctor checks for a person with a folder: this machine, the home, and what `ingest` starts."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from worker.config import Settings
from worker.home.folder import Home
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.operation.finding import Check, Finding, failure, ok
from worker.operation.machine import machine_checks

_MIB = 1024**2
_HOME_ADVICE = "Name a folder you may write to, on a disk with free space (--home or CIS_HOME)."
_EXTRA_ADVICE = "pip install 'cis-worker[home]'"
_OF_A_FLEET = frozenset({"metadata"})
"""Checks of the machine that say nothing to a person: a laptop has no instance metadata."""


def home_checks(settings: Settings, home: Home) -> list[Check]:
    """The checks; none of them needs a network or credentials."""
    machine = [check for check in machine_checks(settings) if check.subject not in _OF_A_FLEET]
    return [
        *machine,
        Check(subject="home", run=partial(folder_findings, home), advice=_HOME_ADVICE),
        Check(subject="index", run=partial(index_findings, home), advice=_HOME_ADVICE),
        Check(subject="stand-ins", run=stand_in_findings, advice=_EXTRA_ADVICE),
    ]


def folder_findings(home: Home) -> Sequence[Finding]:
    """Whether the folder, or the one it would be made in, can be written to."""
    folder = home.folder
    place = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=place, prefix=".cis-doctor-"):
            free_bytes = shutil.disk_usage(place).free
    except OSError as error:
        return [failure("home", f"{folder} cannot be written to: {error.strerror}.", _HOME_ADVICE)]
    made = "" if place == folder else ", and will be made by the first ingest"
    return [ok("home", f"{folder} has {free_bytes // _MIB} MiB free{made}")]


def index_findings(home: Home) -> Sequence[Finding]:
    """How many files the index holds. Raises as SqliteFile for one that cannot be read."""
    if not home.index_path.is_file():
        return [ok("index", "empty: nothing was ingested yet")]
    with closing(SqliteFile(home.index_path)) as file, file.read_transaction() as connection:
        (files,) = connection.execute("SELECT count(*) FROM files WHERE state != 'tombstoned'").fetchone()
    return [ok("index", "1 file" if files == 1 else f"{files:,} files")]


def stand_in_findings(module: str = "moto") -> Sequence[Finding]:
    """Whether the extra is installed that stands in for AWS while `ingest` runs."""
    if importlib.util.find_spec(module) is None:
        missing = f"The Python package {module} is not installed: ingest and demo cannot run."
        return [failure("stand-ins", missing, _EXTRA_ADVICE)]
    return [ok("stand-ins", "installed: ingest needs no AWS account")]
