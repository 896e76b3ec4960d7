"""The operator's commands as processes: exit status, one line an error, no traceback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.embedded.stack import EmbeddedStack

pytestmark = pytest.mark.e2e

# A check takes a second, and many on a busy machine.
PATIENT = ("--deadline", "120")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*python_command("worker"), *arguments],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def _findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {finding["subject"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_the_doctor_accepts_a_correct_setup(stack: EmbeddedStack, tmp_path: Path) -> None:
    done = _run({**stack.environment(), "CIS_WORK_DIR": str(tmp_path)}, "doctor", *PATIENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 failure" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_names_every_fault_with_its_fix(stack: EmbeddedStack, tmp_path: Path) -> None:
    broken = {
        "CIS_QUEUE_URL": f"{stack.resources.queue_url}-wrong",
        "CIS_DLQ_URL": "",
        "CIS_LANGUAGES": "jpn,tlh",
        "CIS_RESULTS_BUCKET": "missing-results",
        "CIS_SOURCE_BUCKETS": "missing-source",
        "CIS_FILE_TABLE": "missing-table",
        "CIS_WORK_DIR": str(tmp_path / "missing"),
        "CIS_SQLITE_PATH": str(tmp_path / "missing" / "index"),
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9",
    }
    done = _run({**stack.environment(), **broken}, "doctor", "--json", *PATIENT)
    assert (done.returncode, done.stderr) == (1, "")
    faults = {name: found for name, found in _findings(done).items() if found["level"] != "ok"}
    assert {name: found["level"] for name, found in faults.items()} == {
        "queue": "failure",
        "dead-letter queue": "failure",
        "languages": "failure",
        "results bucket": "failure",
        "source missing-source": "failure",
        "table": "failure",
        "work folder": "failure",
        "index": "failure",
        "model amazon.titan-embed-image-v1": "warning",
    }
    assert all(found["advice"] for found in faults.values())
    assert "tesseract-ocr-tlh" in faults["languages"]["advice"]


def test_the_doctor_without_programs_names_their_packages(stack: EmbeddedStack, tmp_path: Path) -> None:
    done = _run({**stack.environment(), "PATH": str(tmp_path)}, "doctor", "--json", *PATIENT)
    assert done.returncode == 1
    found = _findings(done)
    assert "tesseract-ocr" in found["tesseract"]["advice"]
    assert "poppler-utils" in found["pdftoppm"]["advice"]
    assert found["queue"]["level"] == "ok"


def test_the_doctor_does_not_wait_for_a_service_that_hangs(stack: EmbeddedStack) -> None:
    def hang(_: Request) -> Response:
        hanging.pause(600)
        return Response(status=503)

    hanging = LocalHttpServer(hang)
    with hanging:
        changes = {"AWS_ENDPOINT_URL_DYNAMODB": hanging.url}
        done = _run({**stack.environment(), **changes}, "doctor", "--deadline", "6", "--json")
    assert done.returncode == 1
    assert _findings(done)["table"]["message"] == "No answer within 6 s."


def test_wrong_settings_are_one_line(stack: EmbeddedStack) -> None:
    for command in ("doctor", "status", "config"):
        done = _run({**stack.environment(), "CIS_OCR_DPI": "many"}, command)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert "CIS_OCR_DPI" in line


def test_status_of_a_queue_that_is_not_there_is_one_line(stack: EmbeddedStack) -> None:
    wrong = {**stack.environment(), "CIS_QUEUE_URL": f"{stack.resources.queue_url}-wrong"}
    done = _run(wrong, "status")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "-wrong" in line
    assert _run(stack.environment(), "status", "--json").returncode == 0
