"""What a worker reports when its machine or its services fail, which alarm that raises, and the runbook."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.resilience.real.fault_answers import Service
from tests.resilience.real.proxy import Fault, FaultProxy, Rule
from tests.stand_ins.alarm_rules import raised_by_lines, raised_by_metrics

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def paragraph(alarm: str) -> str:
    """What the runbook says about an alarm."""
    page = RUNBOOK.read_text(encoding="utf-8")
    found = re.search(rf"^### `{alarm}`\n(.+?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, alarm
    return found[1]


def scrape(fleet: Fleet) -> str:
    """The metrics of the worker that was started last."""
    port = fleet.events("health_server_started")[-1]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text: str = answer.read().decode()
        return text


def reason(fleet: Fleet, event: str) -> str:
    return str(fleet.events(event)[-1]["reason"])


def test_a_full_disk(fleet: Fleet, until: Callable[..., None]) -> None:
    worker = fleet.start(CIS_MIN_FREE_DISK_BYTES=str(2**60))
    until(lambda: fleet.events("receiving_paused") != [])
    assert "below the floor" in reason(fleet, "receiving_paused")
    assert "CIS_MIN_FREE_DISK_BYTES" in reason(fleet, "receiving_paused")
    assert raised_by_metrics(scrape(fleet))["receiving-paused"] >= 1
    assert raised_by_lines(fleet.lines) == {"disk-full"}
    assert worker.stop() == 0
    for alarm in ("disk-full", "receiving-paused"):
        assert "receiving_paused" in paragraph(alarm)
        assert "CIS_MIN_FREE_DISK_BYTES" in paragraph(alarm)


def test_a_revoked_role(fleet: Fleet, until: Callable[..., None]) -> None:
    aws_url = fleet.stack.environment()["AWS_ENDPOINT_URL"]
    with FaultProxy(aws_url, Service.SQS) as sqs:
        worker = fleet.start(AWS_ENDPOINT_URL_SQS=sqs.url, CIS_REFUSAL_LIMIT_S="5")
        sqs.control(Rule(fault=Fault.REFUSE))
        until(lambda: fleet.events("service_failing") != [])
        metrics = scrape(fleet)
        assert worker.wait(280) == 1
    assert "AccessDenied" in reason(fleet, "service_failing")
    assert raised_by_metrics(metrics).keys() == {"service-refused"}
    assert raised_by_lines(fleet.lines) == {"worker-failed"}
    assert "service_failing" in paragraph("service-refused")
    assert "fatal_error" in paragraph("worker-failed")


def test_a_deleted_queue(fleet: Fleet, until: Callable[..., None]) -> None:
    worker = fleet.start(CIS_REFUSAL_LIMIT_S="5")
    fleet.stack.clients.sqs.delete_queue(QueueUrl=fleet.stack.resources.queue_url)
    assert worker.wait(280) == 1
    assert "NonExistentQueue" in reason(fleet, "fatal_error")
    assert raised_by_lines(fleet.lines) == {"worker-failed"}
    assert "deleted" in paragraph("worker-failed")


def test_a_wrong_region(fleet: Fleet) -> None:
    worker = fleet.stack.start_worker(
        changes={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}, on_line=fleet.lines.append
    )
    assert worker.wait(280) == 1
    assert "AWS_REGION" in reason(fleet, "fatal_error")
    assert raised_by_lines(fleet.lines) == {"worker-failed"}
    assert "AWS_REGION" in paragraph("worker-failed")
