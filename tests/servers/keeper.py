"""Keeps one server for a test run: `python -m tests.servers.keeper NAME CONTROLLER FOLDER`.

A process of its own, because a server must outlive the pytest worker that needs it first, and must not
outlive the pytest process that controls the run. No clean-up of pytest's can promise the second: it may be
killed. So the keeper watches the controller's process and ends the server with it. Should the keeper be
killed itself, the kernel ends the server.
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

_LOOK_S = 1.0


def keep(kind: Kind, controller: int, folder: Path, *, built: Path = BUILT) -> None:
    """Run the server until the controller is gone (or the server is)."""
    try:
        watch = os.pidfd_open(controller)
    except ProcessLookupError:
        return  # it ended before we looked

    def ended(within_s: float) -> bool:
        return bool(select.select([watch], [], [], within_s)[0])

    try:
        with running(kind, built / kind.name, data_in=folder, abandoned=lambda: ended(0)) as server:
            announce(folder, kind, {"url": server.url})
            while server.alive() and not ended(_LOOK_S):
                pass
    except ServerError as error:
        announce(folder, kind, {"error": str(error)})


def announcement(folder: Path, kind: Kind) -> Path:
    """Where a run's workers read what became of the server."""
    return folder / f"{kind.name}.json"


def announce(folder: Path, kind: Kind, told: dict[str, str]) -> None:
    """Whole or not at all: others read while we write."""
    path = announcement(folder, kind)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told), encoding="utf-8")
    draft.rename(path)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """The keeper's command line."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which still has tests to end
    name, controller, folder = sys.argv[1:]
    keep(KINDS[name], int(controller), Path(folder))


if __name__ == "__main__":
    main()
