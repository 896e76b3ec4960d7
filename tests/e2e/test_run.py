"""`cis-worker run` as a process: stopped, killed, side by side, and during outages."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import requests
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from worker.models.ledger import State
from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PAGES = 10
STOP_S = 120.0
"""Ends take seconds; more only on a busy machine."""

# Long enough for a heartbeat to land on a busy machine, short enough to wait for its end.
SHORT_LEASE = {"CIS_VISIBILITY_S": "20"}


@pytest.fixture
def scan(tmp_path: Path) -> bytes:
    path = tmp_path / "scan.pdf"
    write_scan(path, PAGES, dpi=110)
    return path.read_bytes()


@pytest.fixture
def locked_pdf(tmp_path: Path) -> bytes:
    path = tmp_path / "locked.pdf"
    canvas = Canvas(str(path), encrypt=StandardEncryption("correct horse", ownerPassword="owner"))
    canvas.drawString(72, 700, "battery staple")
    canvas.save()
    return path.read_bytes()


def _pages_done(fleet: Fleet) -> Counter[int]:
    return Counter(int(str(line["page"])) for line in fleet.events("page_ocred"))


def test_a_stop_requeues_the_scan_and_the_next_worker_continues(
    fleet: Fleet, scan: bytes, until: Callable[..., None], readers: Callable[[Path], list[str]]
) -> None:
    # So short that the pages left do not fit, on a fast machine either.
    first = fleet.start("first", CIS_STOP_BUDGET_S="10")
    fleet.put("scan.pdf", scan)
    until(lambda: len(_pages_done(fleet)) >= 3)
    began = time.monotonic()
    assert first.stop() == 0
    assert time.monotonic() - began < 30  # three times its budget: the exit itself waits for a busy machine
    assert not fleet.finished("scan.pdf")
    assert readers(fleet.work_dir) == []
    report = fleet.events("worker_stopped")[0]
    assert report["status"] == "GRACEFUL_SHUTDOWN"
    assert report["messages_requeued"] == 1
    fleet.start("second")
    until(lambda: fleet.finished("scan.pdf"))
    row = fleet.row("scan.pdf")
    assert row is not None
    assert (row.state, row.pages, row.failures) == (State.INDEXED, PAGES, 0)
    until(lambda: sorted(_pages_done(fleet)) == list(range(1, PAGES + 1)))
    assert sum(_pages_done(fleet).values()) <= PAGES + 1
    assert fleet.dead_letters() == 0


def test_a_spot_notice_stops_the_worker_within_its_time(
    fleet: Fleet, scan: bytes, until: Callable[..., None]
) -> None:
    worker = fleet.start()
    fleet.put("scan.pdf", scan)
    until(lambda: len(_pages_done(fleet)) >= 1)
    fleet.stack.metadata.control({"instance_action": {"action": "terminate", "in_s": 30}})
    assert worker.wait(30) == 0
    assert fleet.events("worker_stopped")[0]["reason"] == "spot interruption"


def test_a_kill_leaves_nothing_and_the_next_worker_finishes(
    fleet: Fleet, scan: bytes, until: Callable[..., None], readers: Callable[[Path], list[str]]
) -> None:
    first = fleet.start("first", **SHORT_LEASE)
    fleet.put("scan.pdf", scan)
    until(lambda: len(_pages_done(fleet)) >= 4)
    first.kill()
    until(lambda: readers(fleet.work_dir) == [] and list(fleet.work_dir.iterdir()) == [], 60.0)
    fleet.start("second", **SHORT_LEASE)
    until(lambda: fleet.finished("scan.pdf"))
    row = fleet.row("scan.pdf")
    assert row is not None
    assert (row.state, row.pages, row.fence) == (State.INDEXED, PAGES, 2)
    seconds = {int(str(line["page"])): float(str(line["seconds"])) for line in fleet.events("page_ocred")}
    repeated = [page for page, times in _pages_done(fleet).items() if times > 1]
    assert sum(seconds[page] for page in repeated) <= 30


def test_two_workers_share_the_work_and_do_nothing_twice(fleet: Fleet, until: Callable[..., None]) -> None:
    keys = [f"file-{number}.txt" for number in range(60)]
    for key in keys:
        fleet.put(key, f"{key} 営業報告".encode())
    fleet.start("one", CIS_TEXT_MODEL="amazon.titan-embed-text-v2:0")
    fleet.start("two", CIS_TEXT_MODEL="amazon.titan-embed-text-v2:0")
    until(lambda: all(row.is_finished for row in fleet.table.rows()) and _count(fleet) == len(keys))
    rows = list(fleet.table.rows())
    assert {row.state for row in rows} == {State.INDEXED}
    assert {row.fence for row in rows} == {1}
    assert fleet.index().search("営業").total == len(keys)
    assert fleet.embedding_calls() == len(keys)
    until(lambda: fleet.waiting() == 0)
    assert fleet.dead_letters() == 0


def _count(fleet: Fleet) -> int:
    return sum(1 for _ in fleet.table.rows())


def test_an_unavailable_bedrock_does_not_delay_documents(
    fleet: Fleet, tmp_path: Path, until: Callable[..., None]
) -> None:
    fleet.stack.bedrock.control({"down": True})
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (200, 100), "red").save(path)
    fleet.start()
    fleet.put("photo.jpg", path.read_bytes())
    until(lambda: fleet.finished("photo.jpg"))
    row = fleet.row("photo.jpg")
    assert row is not None
    assert row.vectors_pending
    assert row.state is State.INDEXED


def test_health_readiness_and_metrics_are_served(fleet: Fleet, until: Callable[..., None]) -> None:
    worker = fleet.start()
    fleet.put("a.txt", b"text")
    until(lambda: fleet.finished("a.txt"))
    url = f"http://127.0.0.1:{worker.wait_until_ready()['http_port']}"
    assert requests.get(f"{url}/healthz", timeout=60).status_code == 200
    assert requests.get(f"{url}/readyz", timeout=60).json()["stopping"] is False
    counted = 'cis_documents_total{reason="",state="indexed"} 1.0'
    until(lambda: counted in requests.get(f"{url}/metrics", timeout=60).text)


def test_a_second_signal_requeues_everything_at_once(
    fleet: Fleet, scan: bytes, until: Callable[..., None]
) -> None:
    worker = fleet.start()
    fleet.put("scan.pdf", scan)
    until(lambda: len(_pages_done(fleet)) >= 1)
    worker.terminate()
    until(lambda: bool(fleet.events("shutdown_began")))
    worker.terminate()
    assert worker.wait(STOP_S) == 0
    assert not fleet.finished("scan.pdf")


def test_a_wrong_queue_ends_the_worker_with_a_failure_that_names_it(fleet: Fleet) -> None:
    worker = fleet.stack.start_worker(
        "lost", changes={"CIS_QUEUE_URL": fleet.stack.resources.queue_url + "-wrong", "CIS_POLL_WAIT_S": "1"}
    )
    assert worker.wait(STOP_S) == 1
    (reason,) = [line["reason"] for line in worker.lines() if line["event"] == "fatal_error"]
    assert "-wrong" in str(reason)


def test_missing_settings_are_reported_in_one_message(fleet: Fleet) -> None:
    worker = fleet.stack.start_worker("unset", changes={"CIS_QUEUE_URL": "", "CIS_FILE_TABLE": ""})
    assert worker.wait(STOP_S) == 2
    message = (fleet.stack.home / "unset.stderr.log").read_text()
    assert "CIS_QUEUE_URL" in message
    assert "CIS_FILE_TABLE" in message
    assert "Traceback" not in message


def test_an_interrupt_from_the_terminal_stops_it_as_well(fleet: Fleet) -> None:
    worker = fleet.start()
    os.kill(worker.pid, signal.SIGINT)
    assert worker.wait(STOP_S) == 0


def test_a_worker_that_stalls_and_wakes_up_writes_nothing(
    fleet: Fleet, scan: bytes, until: Callable[..., None]
) -> None:
    stalled = fleet.start("stalled", **SHORT_LEASE)
    fleet.put("scan.pdf", scan)
    until(lambda: len(_pages_done(fleet)) >= 2)
    os.kill(stalled.pid, signal.SIGSTOP)
    fleet.start("awake", **SHORT_LEASE)
    until(lambda: fleet.finished("scan.pdf"))
    finished = fleet.row("scan.pdf")
    os.kill(stalled.pid, signal.SIGCONT)
    until(lambda: bool(fleet.events("lease_lost")))
    until(lambda: any(line["code"] == "lease_lost" for line in fleet.events("attempt_ended")))
    afterwards = fleet.row("scan.pdf")
    assert finished is not None
    assert afterwards is not None
    assert (finished.fence, finished.state) == (2, State.INDEXED)
    # The owner's heartbeat may renew the row once more between its commit and the deletion of the message.
    assert replace(afterwards, beat=finished.beat) == finished
    until(lambda: fleet.waiting() == 0)
    assert fleet.dead_letters() == 0


def test_passwords_kept_in_secrets_manager_open_pdfs(
    fleet: Fleet, locked_pdf: bytes, until: Callable[..., None]
) -> None:
    endpoint = fleet.stack.environment()["AWS_ENDPOINT_URL"]
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name="ap-northeast-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    secrets.create_secret(Name="pdf", SecretString='["wrong", "correct horse"]')
    fleet.start(CIS_PDF_PASSWORDS_SECRET="pdf")
    fleet.put("locked.pdf", locked_pdf)
    until(lambda: fleet.finished("locked.pdf"))
    row = fleet.row("locked.pdf")
    assert row is not None
    assert row.state is State.INDEXED
    assert fleet.index().search("battery staple").total == 1
    assert "correct horse" not in str(fleet.lines)
