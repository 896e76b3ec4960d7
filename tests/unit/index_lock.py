"""An index that cannot be written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.world import World


@contextmanager
def index_locked(world: World) -> Iterator[None]:
    """The index cannot be written to: another process holds the lock of its file."""
    world.index._file._connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(world.work_root / "index.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
