"""Checks of the search index, one for each kind there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from worker.config import Settings
from worker.index.sqlite_file import SqliteFile
from worker.operation.finding import Check, Finding, failure, ok

_INDEX = "index"
_BUSY_TIMEOUT_S = 2.0


def index_checks(settings: Settings) -> list[Check]:
    """The checks of the index the settings name."""
    return _CHECKS[settings.index](settings)


def sqlite_checks(settings: Settings) -> list[Check]:
    """The one file of the SQLite index."""
    return [
        Check(
            subject=_INDEX,
            run=lambda: sqlite_findings(settings),
            advice="Set CIS_SQLITE_PATH to a file the worker may write to.",
            away="Look at its disk and at the other processes that write to it, then ask again.",
        )
    ]


def sqlite_findings(settings: Settings) -> Sequence[Finding]:
    """Whether the file can be written to and has our format; one that is missing is not made.

    Raises MisconfiguredError or UnavailableError, as the index does.
    """
    path = settings.sqlite_path
    if path is None:
        return [failure(_INDEX, "CIS_SQLITE_PATH is not set.", "Set it to the file the index is kept in.")]
    if not path.exists():
        if os.access(path.parent, os.W_OK | os.X_OK) and path.parent.is_dir():
            return [ok(_INDEX, f"{path} is not there yet; the worker can make it")]
        return [
            failure(
                _INDEX,
                f"{path} cannot be made: its folder is missing or may not be written to.",
                "Make the folder, or set CIS_SQLITE_PATH to a file the worker may write to.",
            )
        ]
    with closing(SqliteFile(path, busy_timeout_s=_BUSY_TIMEOUT_S)) as file, file.writing():
        return [ok(_INDEX, f"{path} can be written to")]


_CHECKS: Mapping[str, Callable[[Settings], list[Check]]] = {"sqlite": sqlite_checks}
