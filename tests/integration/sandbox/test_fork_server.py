"""The fork server's own rules, in this process; as a process it is in test_fork_server_client.py."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import make_request
from tests.stand_ins.other_systems import ROOT, output_of
from worker.extract.office.libreoffice import libre_office_version
from worker.sandbox.channel import Channel, ProtocolError
from worker.sandbox.confinement import Confinement
from worker.sandbox.fork_server import ForkServer
from worker.sandbox.protocol import (
    ChildExited,
    ForkServerReady,
    SpawnChild,
    message_from_fork_server,
    to_json,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def worker_side(tmp_path: Path) -> Iterator[tuple[Channel, ForkServer, Path]]:
    """The worker's end of the socket, a fork server that is not running yet, and its folder."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)}
    ours, theirs = socket.socketpair()
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "document-1").write_text("left over")
    with ours, theirs:
        confinement = Confinement(namespace="why")
        server = ForkServer(theirs, folder, parent=os.getppid(), confinement=confinement)
        yield Channel(ours), server, folder
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_reports_its_tools_and_leaves_nothing_when_the_worker_is_gone(
    worker_side: tuple[Channel, ForkServer, Path],
) -> None:
    channel, fork_server, folder = worker_side
    with socket.socket(fileno=os.dup(channel.fileno())) as ours:
        ours.shutdown(socket.SHUT_WR)
    fork_server.run()
    ready = message_from_fork_server(channel.receive())
    assert isinstance(ready, ForkServerReady)
    assert "eng" in ready.tools.languages
    assert ready.tools.libre_office == libre_office_version()
    assert ready.walls.namespace == "why"
    assert "seccomp" in ready.walls.standing
    assert not folder.exists()


def test_a_signal_while_it_ends_does_not_keep_its_folder(
    worker_side: tuple[Channel, ForkServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, fork_server, folder = worker_side
    with socket.socket(fileno=os.dup(channel.fileno())) as ours:
        ours.shutdown(socket.SHUT_WR)
    kill_all = ForkServer._kill_all

    def kill_all_beside_the_death_signal(self: ForkServer) -> None:
        # The kernel closes a dying worker's sockets before it sends the signal of its death.
        monkeypatch.setattr(os, "getppid", lambda: 1)
        os.kill(os.getpid(), signal.SIGTERM)
        kill_all(self)

    monkeypatch.setattr(ForkServer, "_kill_all", kill_all_beside_the_death_signal)
    fork_server.run()
    assert not folder.exists()


_KILLED_WORKER = r"""
import os, signal, socket, subprocess, sys
from worker.sandbox import fork_server
ours, theirs = socket.socketpair()
code = (
    "import sys; from worker.sandbox import fork_server; warm_up = fork_server.warm_up\n"
    "def slow(folder):\n"
    "    print('warm', flush=True); sys.stdin.read(); warm_up(folder)\n"
    "fork_server.warm_up = slow; fork_server.main(sys.argv[1:])"
)
arguments = [str(theirs.fileno()), sys.argv[1], str(os.getpid())]
process = subprocess.Popen(
    [sys.executable, "-c", code, *arguments],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()],
)
process.stdout.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_killed_while_its_readers_warm_up_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cis-worker-abcdefgh"
    folder.mkdir()
    killed = subprocess.run([sys.executable, "-c", _KILLED_WORKER, str(folder)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        select.select([], [], [], 0.05)
    assert not folder.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "KillChild"},
        {"kind": "Nonsense"},
        to_json(ChildExited(child="1", code=0, cpu_s=0.0)),
        to_json(SpawnChild(child="1", request=make_request(Path("/nowhere")))),
    ],
    ids=["a field is missing", "unknown", "of the other direction", "no descriptor"],
)
def test_what_is_no_message_of_the_worker_ends_it(
    worker_side: tuple[Channel, ForkServer, Path], values: dict[str, object]
) -> None:
    channel, fork_server, folder = worker_side
    channel.send(values)
    with pytest.raises(ProtocolError):
        fork_server.run()
    assert folder.exists(), "the worker goes on with another fork server"


_WITHOUT_A_WALL = """
import json, socket, sys
from pathlib import Path
from tests.integration.sandbox.conftest import make_request
from worker.sandbox.channel import Channel
from worker.sandbox.confinement import Confinement
from worker.sandbox.fork_server import ForkServer
control, _ = socket.socketpair()
ours, theirs = socket.socketpair()
# Not measured: as if all walls had stood when the worker started.
server = ForkServer(control, Path(sys.argv[1]), parent=1, confinement=Confinement(namespace="gone since"))
server.become_reader(Channel(theirs), make_request(Path(sys.argv[1], "a.txt")))
print(json.dumps(Channel(ours).receive()))
"""


def test_a_reader_that_a_wall_is_missing_from_which_stood_at_the_start_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    program = _WITHOUT_A_WALL.replace("sys.argv[1]", repr(str(tmp_path)))
    failed = json.loads(output_of(program))
    assert (failed["kind"], failed["code"]) == ("ReadingFailed", "unavailable")
    assert "namespace (gone since)" in failed["message"]
