"""What a process that reads documents may do, reported by a stand-in for Tesseract inside one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw

from tests.integration.sandbox.conftest import options
from worker.models.page import Page
from worker.sandbox.confinement import probe
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
_NEEDED = {"PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "LC_ALL", "LC_CTYPE", "PWD", "SHLVL", "_"}
_NEEDED |= {"OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"}
_NEEDED |= {"PYTHONPATH"}
_PROBE = """#!{python}
import os, socket, sys
with open({report!r}, "w") as file:
    print(*sorted(os.environ), file=file)
    try:
        socket.create_connection(("127.0.0.1", {port}), timeout=5)
        print("connected", file=file)
    except OSError as error:
        print("refused", error, file=file)
    print(open("/proc/self/status").read(), file=file)
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


def picture(folder: Path) -> ExtractionRequest:
    folder.mkdir(parents=True)
    path = folder / "picture.png"
    page = Image.new("L", (900, 700), 255)
    # No program is started for a blank page.
    ImageDraw.Draw(page).text((100, 100), "HELLO", fill=0, font_size=90)
    page.save(path)
    return ExtractionRequest(path=path, name=path.name, folder=folder)


def install_probe(programs: Path, report: Path, port: int) -> None:
    link = programs / "tesseract"
    real = str(link.resolve())
    link.unlink()
    link.write_text(_PROBE.format(python=sys.executable, report=str(report), port=port, real=real))
    link.chmod(0o755)


def test_a_reader_has_no_network_no_privilege_and_knows_nothing(
    start: Callable[..., Sandbox], programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if refused := probe().namespace:
        pytest.skip(f"this kernel or container refuses a network namespace ({refused})")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    # In the folder of its document, as it may write nowhere else.
    report = tmp_path / "work" / "1" / "report"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        install_probe(programs, report, port)
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
        request = picture(report.parent)
        sandbox = start(options(), {"PATH": str(programs)})
        with sandbox.open(request) as run:
            run.detect()
            run.go()
            events: list[Event] = []
            while not isinstance(event := run.next(200), ReadingEnded):
                assert event is not None, f"no end, only {events}"
                events.append(event)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [event.reason for event in events if isinstance(event, Page)] == [None], "and it still reads"
    names, tried, *status = report.read_text().splitlines()
    assert set(names.split()) <= _NEEDED
    assert tried.startswith("refused")
    assert "NoNewPrivs:\t1" in status


def test_a_worker_killed_while_a_page_is_read_leaves_neither_process_nor_file(
    programs: Path, tmp_path: Path
) -> None:
    (programs / "hanging").mkdir()
    stand_in = programs / "hanging" / "tesseract"
    real = (programs / "tesseract").resolve()
    stand_in.write_text(
        f'#!/bin/sh\ncase "$*" in *page-*) sleep 600 & exec sleep 600 ;; esac\nexec {real} "$@"\n'
    )
    stand_in.chmod(0o755)
    request = picture(tmp_path / "work" / "1")
    lines = (
        "import sys, os\n"
        "from pathlib import Path\n"
        "from tests.integration.sandbox.conftest import options\n"
        "from worker.config import sandbox_environment\n"
        "from worker.sandbox.protocol import ExtractionRequest\n"
        "from worker.sandbox.scheduler import Sandbox\n"
        "root = Path(sys.argv[1])\n"
        "what = ExtractionRequest(path=root / '1' / 'picture.png', name='a.png', folder=root / '1')\n"
        "s = Sandbox(options=options(), slots=1, work_root=root, environment=sandbox_environment())\n"
        "s.start()\n"
        "run = s.open(what)\n"
        "run.go()\n"
        "while True: s.step(0.05)\n"
    )
    path = os.pathsep.join([str(programs / "hanging"), os.environ["PATH"]])
    worker = subprocess.Popen(
        [sys.executable, "-c", lines, str(tmp_path / "work")], cwd=ROOT, env={**os.environ, "PATH": path}
    )
    _wait(lambda: [p.name() for p in _below(worker.pid)].count("sleep") == 2)
    everybody = _below(worker.pid)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    _wait(lambda: not any(process.is_running() for process in everybody))
    _wait(lambda: not (tmp_path / "work").exists())
    assert not request.path.exists()


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait(done: Callable[[], bool]) -> None:
    deadline, tick = time.monotonic() + 120, threading.Event()
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        tick.wait(0.02)
