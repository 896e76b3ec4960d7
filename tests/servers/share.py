"""One server of a kind for a whole test run, started by the first pytest worker that needs it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.servers.build import built
from tests.servers.keeper import announce, announcement
from tests.servers.kind import ROOT, Kind, ServerError
from tests.servers.lock import locked
from tests.servers.programs import environment, last_lines

_LONGEST_S = 600
_POLL_S = 0.05


def shared_url(kind: Kind, folder: Path, controller: int) -> str:
    """The URL of the run's server, which is kept until process `controller` ends.

    `folder` is the same for all workers of the run. Raises ServerError, the
    same one in every worker.
    """
    with locked(folder / f"{kind.name}.lock", within_s=_LONGEST_S):
        found_in = announcement(folder, kind)
        if not found_in.exists():
            try:
                built(kind)
                _start_keeper(kind, folder, controller)
            except ServerError as error:
                announce(folder, kind, {"error": str(error)})
    found: dict[str, str] = json.loads(found_in.read_text(encoding="utf-8"))
    if "error" in found:
        raise ServerError(found["error"])
    return found["url"]


def _start_keeper(kind: Kind, folder: Path, controller: int) -> None:
    log = folder / f"{kind.name}.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            (sys.executable, "-m", "tests.servers.keeper", kind.name, str(controller), str(folder)),
            cwd=ROOT,
            env=environment({}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _LONGEST_S
    never = threading.Event()
    while not announcement(folder, kind).exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            raise ServerError(f"The keeper of {kind.name} did not answer:\n{last_lines(log.read_text())}")
        never.wait(_POLL_S)
    # It outlives this process; without a return code Popen would warn about that.
    keeper.returncode = 0
