"""Keeps one server for a test run: `python -m tests.servers.keeper NAME CONTROLLER FOLDER`.

The server must outlive the pytest worker that starts it and end with the pytest controller, which may be
killed; so a process of its own watches the controller. When the keeper is killed the kernel ends the server.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType

from tests.servers.build import BUILT
from tests.servers.catalogue import KINDS
from tests.servers.kind import Kind, ServerError
from tests.servers.running import running

_POLL_S = 1.0


def keep(kind: Kind, controller: int, folder: Path, *, built: Path = BUILT) -> None:
    """Run the server until it or the controller ends."""
    try:
        watch = os.pidfd_open(controller)
    except ProcessLookupError:
        return  # the controller has ended already

    def has_ended(within_s: float) -> bool:
        return bool(select.select([watch], [], [], within_s)[0])

    try:
        with running(kind, built / kind.name, data_in=folder, abandoned=lambda: has_ended(0)) as server:
            announce(folder, kind, {"url": server.url})
            while server.alive() and not has_ended(_POLL_S):
                pass
    except ServerError as error:
        announce(folder, kind, {"error": str(error)})


def announcement(folder: Path, kind: Kind) -> Path:
    """The file with the server's URL or its error."""
    return folder / f"{kind.name}.json"


def announce(folder: Path, kind: Kind, content: dict[str, str]) -> None:
    """Write the file atomically: other processes read it."""
    path = announcement(folder, kind)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.rename(path)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """The keeper's command line."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest still needs the server to end its tests
    name, controller, folder = sys.argv[1:]
    keep(KINDS[name], int(controller), Path(folder))


if __name__ == "__main__":
    main()
