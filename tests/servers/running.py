"""A running server: started on a free port, probed until it answers, and always ended."""

from __future__ import annotations

import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers.kind import Kind, Question, ServerError
from tests.servers.programs import environment, last_lines

_START_S = 300
_STOP_S = 10  # their data is thrown away
_POLL_S = 0.1
_TRIES = 3
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A server that answers at `url` for as long as `alive` says so."""

    url: str
    alive: Callable[[], bool]


@contextmanager
def running(
    kind: Kind,
    built: Path,
    *,
    data_in: Path | None = None,
    abandoned: Callable[[], bool] = lambda: False,
) -> Iterator[Running]:
    """Run a server with a folder of its own for data (in `data_in`); both are gone afterwards.

    `abandoned` ends the wait for its first answer. Raises ServerError when it does not come up.
    """
    data = Path(tempfile.mkdtemp(prefix=f"cis-{kind.name}-", dir=data_in))
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, data, ignore_errors=True)
        for left in reversed(range(_TRIES)):
            port, home = free_port(), Path(tempfile.mkdtemp(dir=data))
            process = _start(kind, built, port, home)
            ending.callback(_end, process)
            if _answers_in_time(kind.question, port, process, abandoned):
                break
            _end(process)
            log = (home / "server.log").read_text(encoding="utf-8", errors="replace")
            # another process may have taken the port since it was chosen
            if not left or abandoned() or "in use" not in log:
                raise ServerError(f"{kind.name} did not start:\n{last_lines(log)}")
        yield Running(url=f"http://127.0.0.1:{port}", alive=lambda: process.poll() is None)


def free_port() -> int:
    """A port of 127.0.0.1 without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(question: Question, url: str) -> bool:
    """Whether the server at `url` answers with 200."""
    address = urlsplit(url)
    # not urllib: it would ask the proxy that the environment may name
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request(
            question.method, question.path, question.body.encode() or None, dict(question.headers)
        )
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_briefly() -> None:
    """Between two probes."""
    threading.Event().wait(_POLL_S)


def _start(kind: Kind, built: Path, port: int, home: Path) -> subprocess.Popen[bytes]:
    launch = kind.launch(built, port, home)
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            launch.command,
            cwd=home,
            env=environment(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group to end, and no Ctrl-C from the terminal
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # the process that starts a server has one thread
        )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answers_in_time(
    question: Question, port: int, process: subprocess.Popen[bytes], abandoned: Callable[[], bool]
) -> bool:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline and not abandoned():
        if answers(question, f"http://127.0.0.1:{port}"):
            return process.poll() is None
        wait_briefly()
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL, to the whole group: children may outlive its leader."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_STOP_S)
