"""The load itself, as `make load` and Locust run it: on real servers, interrupted, and where it cannot run.

Nothing here is a time: the machine that runs tests is busy. The bounds of a run are set so wide that only
what is lost, or not printed, can fail.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from worker.runtime.health import HealthServer

pytestmark = [pytest.mark.performance, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
LOCUST = (
    sys.executable,
    "-m",
    "locust",
    "-f",
    "tests/performance/locustfile.py",
    "--headless",
    "--only-summary",
)
SHORT = ("-u", "2", "-r", "2", "-t", "3s", "--stop-timeout", "600", "--loglevel", "WARNING")
# Of a queue that does not move at all, and a machine on which seconds become minutes.
PATIENT = {"LOAD_SEARCHABLE_WITHIN_S": "3000", "LOAD_STALL_S": "600"}
DEADLINE_S = 800


def environment(**changes: str) -> dict[str, str]:
    """This process's environment; greenlets and coverage's tracer do not agree on whose frame is whose."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return {**own, "COLUMNS": "80", **changes}


def run(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def rows(output: str) -> dict[str, list[str]]:
    """The printed tables: first cell -> the others."""
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in output.splitlines()]
    return {row[0]: row[1:] for row in cells if len(row) > 1}


def test_thirty_seconds_on_real_servers_lose_nothing(
    tmp_path: Path, opensearch_url: str, elasticmq_url: str, dynamodb_url: str
) -> None:
    done = run(
        *(sys.executable, "-m", "tests.performance.load", "--users", "3", "--minutes", "0.5"),
        *("--target", "servers", "--reports", str(tmp_path)),
        TEST_OPENSEARCH_URL=opensearch_url,
        TEST_ELASTICMQ_URL=elasticmq_url,
        TEST_DYNAMODB_URL=dynamodb_url,
        **PATIENT,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    table = rows(done.stdout)
    kinds = ("pdf", "image")
    for kind in kinds:
        sent, failed = int(table[f"send: {kind}"][0]), int(table[f"event to searchable: {kind}"][1])
        assert sent > 0
        assert int(table[f"event to searchable: {kind}"][0]) == sent
        assert failed == 0
    sent = sum(int(table[f"send: {kind}"][0]) for kind in kinds)
    assert table["files sent and lost"] == [f"0 of {sent}", "0", "met"]
    assert table["- indexed"] == [f"{sent}"]
    assert {"depth: queue", "put: pdf", "put: image", "health: /healthz"} <= set(table)
    assert_report(tmp_path, "load-3-users", sent)


def assert_report(folder: Path, name: str, sent: int) -> None:
    """The HTML report exists, and the figures beside it are those of the table."""
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert "event to searchable" in page
    entries = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    found = [each["num_requests"] for each in entries if each["method"] == "event to searchable"]
    assert sum(found) == sent


def test_ctrl_c_during_a_course_says_one_line_and_shows_what_there_is(tmp_path: Path) -> None:
    with subprocess.Popen(
        (*LOCUST, "--loglevel", "WARNING", "-t", "30m", "--load-shape", "office-day"),
        cwd=ROOT,
        env=environment(LOAD_TARGET="local", TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        killer = threading.Timer(DEADLINE_S, process.kill)
        killer.start()
        assert process.stderr is not None
        lines: list[str] = []
        # The second line of progress: users are sending.
        while len(lines) < 2 and (line := process.stderr.readline()):
            lines.append(line)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        killer.cancel()

    assert process.returncode == 130, output + errors
    assert len([line for line in errors.splitlines() if line.startswith("load: interrupted: ")]) == 1
    assert "Traceback" not in errors
    assert "Load: office-day, up to 25 users, target local" in output
    assert list(tmp_path.glob("cis-*")) == []


@pytest.fixture
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


CLOSED_PORT = "http://127.0.0.1:9"


def settings(url: str, folder: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "CIS_QUEUE_URL": f"{url}/123456789012/none",
        "CIS_SOURCE_BUCKETS": "no-such-bucket",
        "CIS_FILE_TABLE": "none",
        "CIS_SQLITE_PATH": str(folder / "index.sqlite3"),
    }


def test_what_cannot_run_says_why_in_one_line(tmp_path: Path, moto_url: str) -> None:
    cases: list[tuple[Mapping[str, str], str]] = [
        (settings(CLOSED_PORT, tmp_path), "Check AWS_ENDPOINT_URL"),
        (settings(moto_url, tmp_path), "There is no such bucket"),
        ({"LOAD_TARGET": "environment"}, "Not set: CIS_QUEUE_URL, CIS_SOURCE_BUCKETS, CIS_FILE_TABLE"),
    ]
    for changes, expected in cases:
        done = run(*LOCUST, *SHORT, **changes)
        assert done.returncode == 2, done.stderr
        assert expected in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""


def test_health_endpoints_alone_need_no_aws_and_their_errors_fail() -> None:
    ready = True
    server = HealthServer(host="127.0.0.1", port=0, ready=lambda: (ready, {}), render_metrics=lambda: b"")
    server.start()
    command = (*LOCUST, *SHORT, "--host", f"http://127.0.0.1:{server.port}", "HealthUser")
    healthy = run(*command)
    server.stop()
    gone = run(*command)

    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    assert rows(healthy.stdout)["health endpoints, errors"][1:] == ["< 5 %", "met"]
    assert gone.returncode == 1, gone.stdout + gone.stderr
    assert rows(gone.stdout)["health endpoints, errors"][1:] == ["< 5 %", "MISSED"]
    assert "missed: health endpoints, errors: 100.0 %" in gone.stderr
