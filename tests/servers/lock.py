"""A lock between processes: parallel pytest workers build once and start once."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tests.servers.kind import ServerError

_POLL_S = 0.1


@contextmanager
def locked(path: Path, *, within_s: float) -> Iterator[None]:
    """Hold the lock, released at the end of the process, too. Raises ServerError after `within_s`."""
    deadline = time.monotonic() + within_s
    never = threading.Event()
    with _open(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"Another process holds {path} for more than {within_s:g} s."
                    ) from error
                never.wait(_POLL_S)
        yield


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w")
    except OSError as error:  # as in a container whose root is read-only
        raise ServerError(f"No server can be made here: {error}.") from error
