"""The fork server: warm, obedient, and never leaving anything behind."""

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

from worker.config import sandbox_environment
from worker.errors import MisconfiguredError
from worker.sandbox.channel import Channel, ChannelClosedError
from worker.sandbox.fork_server_client import ForkServerClient

pytestmark = pytest.mark.unit

LIMITS = {
    "max_file_bytes": 1,
    "max_pixels": 10**6,
    "max_text_chars": 10**6,
    "page_timeout_s": 60,
    "document_timeout_s": 60,
    "document_timeout_per_page_s": 20,
    "memory_bytes": 2 * 1024**3,
    "cpu_s": 60,
    "output_bytes": 10**9,
}


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[ForkServerClient]:
    started = ForkServerClient(work_root=tmp_path / "work", environment=sandbox_environment())
    started.start()
    yield started
    started.close()


def _spawn(fork_server: ForkServerClient, folder: Path, child: str = "1") -> Channel:
    path = folder / "original"
    path.write_text("text")
    request = {
        "path": str(path),
        "name": "a.txt",
        "folder": str(folder),
        "slots": 1,
        "limits": LIMITS,
        "languages": ["eng"],
        "dpi": 200,
        "ocr_engine": "tesseract",
        "second_pass": "off",
        "embed_pdf_pictures": False,
    }
    channel = fork_server.spawn(child, request)
    assert channel.receive() == {"kind": "type", "type": "txt"}
    return channel


def _eventually(done: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    tick = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        tick.wait(0.02)


def _ends(fork_server: ForkServerClient) -> list[tuple[str, int]]:
    ends: list[tuple[str, int]] = []

    def heard() -> bool:
        ends.extend(fork_server.receive())
        return bool(ends)

    _eventually(heard)
    return ends


def _own(folder: Path) -> psutil.Process:
    """The fork server that works in a folder; the process may have children of other tests, too."""
    (found,) = [p for p in psutil.Process().children() if str(folder) in " ".join(p.cmdline())]
    return found


def test_it_says_what_it_found(tmp_path: Path) -> None:
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
    assert fork_server.cpu_s > 0, "what a child used is told at its end"


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
    assert child.rlimit(psutil.RLIMIT_AS) == (LIMITS["memory_bytes"],) * 2
    assert child.rlimit(psutil.RLIMIT_CPU) == (LIMITS["cpu_s"],) * 2
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (LIMITS["output_bytes"],) * 2
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    channel.close()


def test_the_fork_servers_own_death_is_told_and_its_children_are_killed(
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
        "from worker.runtime.work_root import make_work_root\n"
        "root = make_work_root(Path(sys.argv[1]))\n"
        "z = ForkServerClient(work_root=root, environment=sandbox_environment())\n"
        "z.start()\n"
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
    _eventually(lambda: not fork_server.is_running() and not any(folder.exists() for folder in folders), 5.0)


def test_an_environment_it_cannot_start_in_is_told(tmp_path: Path) -> None:
    environment = sandbox_environment() | {"PYTHONHOME": str(tmp_path)}
    fork_server = ForkServerClient(work_root=tmp_path / "work", environment=environment)
    with pytest.raises(MisconfiguredError, match="did not start"):
        fork_server.start()
    fork_server.close()
