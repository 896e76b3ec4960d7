"""The fork server as a process: it forks, kills, reports, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.sandbox.conftest import make_request, options
from worker.config import sandbox_environment
from worker.errors import MisconfiguredError
from worker.models.file import FileType
from worker.sandbox.channel import Channel, ChannelClosedError
from worker.sandbox.fork_server_client import ForkServerClient
from worker.sandbox.protocol import TypeDetected, message_from_document_process

pytestmark = pytest.mark.integration


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[ForkServerClient]:
    client = ForkServerClient(work_root=tmp_path / "work", environment=sandbox_environment())
    client.start()
    yield client
    client.close()


def _spawn(fork_server: ForkServerClient, folder: Path, child: str = "1") -> Channel:
    path = folder / "original"
    path.write_text("text")
    channel = fork_server.spawn(child, make_request(path))
    assert message_from_document_process(channel.receive()) == TypeDetected(file_type=FileType.TEXT)
    return channel


def _eventually(done: Callable[[], bool], timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    tick = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        tick.wait(0.02)


def _ends(fork_server: ForkServerClient) -> list[tuple[str, int]]:
    ends: list[tuple[str, int]] = []

    def any_end() -> bool:
        ends.extend(fork_server.receive())
        return bool(ends)

    _eventually(any_end)
    return ends


def _own(folder: Path) -> psutil.Process:
    """The fork server that works in a folder; the process may have children of other tests, too."""
    (server,) = [p for p in psutil.Process().children() if str(folder) in " ".join(p.cmdline())]
    return server


def test_it_reports_the_tools_it_found(tmp_path: Path) -> None:
    fork_server = ForkServerClient(work_root=tmp_path / "work", environment=sandbox_environment())
    tools = fork_server.start()
    assert tools.tesseract.startswith("5")
    assert {"jpn", "eng"} <= set(tools.languages)
    fork_server.close()
    fork_server.close()


def test_a_child_that_loses_its_worker_ends_by_itself(fork_server: ForkServerClient, tmp_path: Path) -> None:
    _spawn(fork_server, tmp_path).close()
    assert fork_server.cpu_s == 0
    assert _ends(fork_server) == [("1", 0)]
    assert fork_server.cpu_s > 0, "what a child used is reported at its end"


def test_a_child_is_killed_with_what_it_started(fork_server: ForkServerClient, tmp_path: Path) -> None:
    channel = _spawn(fork_server, tmp_path)
    fork_server.kill("1")
    assert _ends(fork_server) == [("1", -signal.SIGKILL)]
    channel.close()


def test_a_child_has_its_limits_and_its_own_group(fork_server: ForkServerClient, tmp_path: Path) -> None:
    channel = _spawn(fork_server, tmp_path)
    process = _own(tmp_path)
    (child,) = process.children()
    assert os.getpgid(child.pid) == child.pid
    limits = options().limits
    assert child.rlimit(psutil.RLIMIT_AS) == (limits.memory_bytes,) * 2
    soft_s, hard_s = child.rlimit(psutil.RLIMIT_CPU)
    # At the soft one it may still say why it ends, and it is raised with the number of pages.
    assert soft_s == limits.cpu_s < hard_s
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (limits.output_bytes,) * 2
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    channel.close()


def test_the_fork_servers_own_death_is_reported_and_its_children_are_killed(
    fork_server: ForkServerClient, tmp_path: Path
) -> None:
    channel = _spawn(fork_server, tmp_path)
    process = _own(tmp_path)
    (child,) = process.children()
    process.kill()
    with pytest.raises(ChannelClosedError):
        _eventually(lambda: bool(fork_server.receive()))
    fork_server.kill_orphans()
    _eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    channel.close()


def test_closing_removes_the_work_folder(fork_server: ForkServerClient, tmp_path: Path) -> None:
    (tmp_path / "work" / "left-over").mkdir()
    fork_server.close()
    assert not (tmp_path / "work").exists()


def test_a_worker_killed_by_force_leaves_neither_process_nor_file(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from worker.config import sandbox_environment\n"
        "from worker.sandbox.fork_server_client import ForkServerClient\n"
        "from worker.runtime.work_root import WorkRoot\n"
        "root = WorkRoot(Path(sys.argv[1])).path\n"
        "client = ForkServerClient(work_root=root, environment=sandbox_environment())\n"
        "client.start()\n"
        "print(root.name, flush=True)\n"
        "sys.stdin.read()\n"
    )
    root = Path(__file__).parents[3]
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdout is not None
    name = worker.stdout.readline().decode().strip()
    folders = [tmp_path / name, Path("/dev/shm", name)]
    assert all(folder.is_dir() for folder in folders)
    (fork_server,) = psutil.Process(worker.pid).children()
    worker.kill()
    worker.wait()
    _eventually(lambda: not fork_server.is_running() and not any(folder.exists() for folder in folders))


def test_an_environment_it_cannot_start_in_is_reported(tmp_path: Path) -> None:
    environment = sandbox_environment() | {"PYTHONHOME": str(tmp_path)}
    fork_server = ForkServerClient(work_root=tmp_path / "work", environment=environment)
    with pytest.raises(MisconfiguredError, match="did not start"):
        fork_server.start()
    fork_server.close()
