"""infra/host/cis-worker.service under a real systemd: a scan, a stop, a hang, a crash loop, and its walls.

The manager is that of a user, in namespaces of its own; tests/stand_ins/user_manager.py says what differs.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.stand_ins.user_manager import HOST, UserManager, refusal, user_manager
from worker.models.ledger import State
from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PATIENT = {
    "CIS_PAGE_TIMEOUT_S": "900",
    "CIS_DOCUMENT_TIMEOUT_S": "900",
    "CIS_OCR_SECOND_PASS": "off",
}
ALL_WALLS = {"namespace", "landlock", "seccomp", "non_dumpable"}


@pytest.fixture(scope="module", autouse=True)
def _systemd() -> None:
    if reason := refusal():
        if "CI" in os.environ and "not installed" in reason:
            pytest.fail(reason)
        pytest.skip(reason)


def events(manager: UserManager, name: str) -> list[dict[str, Any]]:
    """The worker's lines of one event; other programs may write between them."""
    lines = [line for line in manager.output.splitlines() if line.startswith("{") and line.endswith("}")]
    return [line for line in map(json.loads, lines) if line["event"] == name]


def test_a_scan_is_ocred_under_the_unit_and_a_stop_drains_it(
    fleet: Fleet, tmp_path: Path, until: Callable[..., None]
) -> None:
    one_page, pages = tmp_path / "page.pdf", tmp_path / "pages.pdf"
    write_scan(one_page, 1, dpi=110)
    write_scan(pages, 3, dpi=110)
    with user_manager(tmp_path, fleet.stack.environment(), **PATIENT) as manager:
        verified = manager.run("systemd-analyze", "verify", str(tmp_path / "units/cis-worker.service"))
        assert (verified.returncode, verified.stderr) == (0, "")
        # Returns when the worker has said that it is ready.
        started = manager.systemctl("start", "cis-worker")
        assert started.returncode == 0, manager.output[-4_000:]
        assert manager.show("StatusText").startswith("Receiving; 0 messages")
        (walls,) = events(manager, "readers_confined")
        assert set(walls["walls"]) >= ALL_WALLS
        fleet.put("first.pdf", one_page.read_bytes())
        until(lambda: fleet.finished("first.pdf"), 900)
        fleet.put("second.pdf", pages.read_bytes())
        until(lambda: len(events(manager, "page_ocred")) > 1, 900)
        assert manager.systemctl("stop", "cis-worker").returncode == 0
        # Any other result names a timeout, a signal or a status.
        assert (manager.show("Result"), manager.show("ExecMainStatus")) == ("success", "0")
    first = fleet.row("first.pdf")
    assert first is not None
    assert first.state is State.INDEXED
    (done, *_) = events(manager, "document_done")
    assert (done["pages"], done["pages_ocred"]) == (1, 1)
    assert events(manager, "worker_stopped")[0]["status"] == "GRACEFUL_SHUTDOWN"
    assert fleet.finished("second.pdf") or fleet.waiting() == 1
    *_, last = events(manager, "metrics")
    assert last["cis_shutdown_requested"] == 1
    assert sum(line["cis_pages"] for line in events(manager, "metrics")) >= 1
    assert "service_manager_unreachable" not in manager.output


def test_the_files_of_an_image_run_under_the_same_unit(fleet: Fleet, tmp_path: Path) -> None:
    root = "/var/lib/cis-worker-image/root"
    with user_manager(tmp_path, fleet.stack.environment()) as manager:
        units = tmp_path / "units"
        shutil.copy(HOST / "cis-worker-image.conf", units / "cis-worker.service.d/image.conf")
        # In place of what unpacks an image: this machine's own files.
        unpacked = f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/mkdir -p {root}\n"
        (units / "cis-worker-image.service").write_text(unpacked, encoding="utf-8")
        mounted = manager.run(
            "sh", "-c", f"mkdir -p {root} && mount --rbind / {root} && mount --make-rslave {root}"
        )
        assert mounted.returncode == 0, mounted.stderr
        manager.systemctl("daemon-reload")
        verified = manager.run("systemd-analyze", "verify", str(units / "cis-worker.service"))
        assert (verified.returncode, verified.stderr) == (0, "")
        assert manager.systemctl("start", "cis-worker").returncode == 0, manager.output[-4_000:]
        assert manager.show("RootDirectory") == root
        assert manager.show("StatusText").startswith("Receiving")
        assert manager.systemctl("stop", "cis-worker").returncode == 0
        assert manager.show("Result") == "success"
    (walls,) = events(manager, "readers_confined")
    assert set(walls["walls"]) >= ALL_WALLS


class _Metadata(ThreadingHTTPServer):
    """No notice of anything; once it `drips`, an answer that goes on for ever, one byte after the other."""

    daemon_threads = True
    drips = False

    def __init__(self) -> None:
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _MetadataRequest)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """The client is killed while it reads."""


class _MetadataRequest(BaseHTTPRequestHandler):
    server: _Metadata

    def do_PUT(self) -> None:
        self._answer(200, b"token")

    def do_GET(self) -> None:
        if not self.server.drips:
            self._answer(404, b"")
            return
        # Each byte of the header comes within the client's read time-out, so that it waits for the next.
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while self.server.drips and not self.server.over.wait(0.2):
            self.wfile.write(b"x")
            self.wfile.flush()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def _metadata() -> Iterator[_Metadata]:
    with _Metadata() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def test_a_worker_of_which_one_loop_hangs_is_restarted(
    fleet: Fleet, tmp_path: Path, until: Callable[..., None]
) -> None:
    with _metadata() as service:
        environment = {**fleet.stack.environment(), "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        drop_in = "WatchdogSec=40\nRestartSec=100ms"
        with user_manager(tmp_path, environment, drop_in=drop_in) as manager:
            assert manager.systemctl("start", "cis-worker").returncode == 0, manager.output[-4_000:]
            assert manager.show("NRestarts") == "0"
            # Receiving, heartbeat, sandbox and main thread go on; the monitor of notices never returns.
            service.drips = True
            until(lambda: "Fatal Python error: Aborted" in manager.output, 900)
            service.drips = False
            until(lambda: len(events(manager, "worker_ready")) == 2, 900)
            assert (manager.show("NRestarts"), manager.show("ActiveState")) == ("1", "active")
            assert manager.systemctl("stop", "cis-worker").returncode == 0
    assert [line["loops"] for line in events(manager, "loops_without_progress")] == [["spot-monitor"]]
    # The stacks of its threads say where it hung.
    assert "instance_metadata.py" in manager.output


def test_a_crash_loop_backs_off(tmp_path: Path, until: Callable[..., None]) -> None:
    fail = "read -r up idle </proc/uptime; echo up $$up; exit 1"
    crash = f"RestartSec=100ms\nExecStart=\nExecStart=/bin/sh -c '{fail}'"
    with user_manager(tmp_path, {}, drop_in=crash) as manager:
        manager.systemctl("start", "--no-block", "cis-worker")
        until(lambda: len(_starts(manager)) == 4)
        manager.systemctl("stop", "cis-worker")
    starts = _starts(manager)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert re.findall(r"waits (\d+) s", manager.output)[:3] == ["5", "10", "20"]
    assert gaps[0] >= 5
    assert gaps[1] >= 10
    assert gaps[2] >= 20


def _starts(manager: UserManager) -> list[float]:
    return [float(text) for text in re.findall(r"^up ([0-9.]+)$", manager.output, re.MULTILINE)]


def test_the_exposure_is_low(tmp_path: Path) -> None:
    with user_manager(tmp_path, {}) as manager:
        rated = manager.run("systemd-analyze", "security", "--offline=true", str(HOST / "cis-worker.service"))
    found = re.search(r"Overall exposure level.*: ([0-9.]+) ", rated.stdout)
    assert found, rated
    # 0.2 of it is ProtectProc=default, without which the nets against hangs see no reader.
    assert float(found[1]) <= 2.1
