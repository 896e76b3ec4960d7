"""The descriptions of AWS's services, read once for a process of tests.

botocore reads them for each session: a fifth of a second of parsing for the clients of a worker, and hundreds
of tests make their own. They are never changed; a session that makes two clients shares them as well.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import Loader, create_loader


class _Folders(list[str]):
    """Folders to search, each of them once: every session of boto3 adds the same one."""

    def append(self, folder: str) -> None:
        if folder not in self:
            super().append(folder)


@cache
def shared_loader(search_path: str | None = None) -> Loader:
    """The loader of all sessions that search the same folders."""
    loader: Any = create_loader(search_path)
    loader._search_paths = _Folders(loader.search_paths)
    made: Loader = loader
    return made


def pytest_configure() -> None:
    """Give every session from now on the loader that it shares with the others."""
    botocore.session.create_loader = shared_loader
