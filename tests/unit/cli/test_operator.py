"""The operator's commands: what they print, and their exit status."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from worker.aws.clients import make_clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.provisioning import provision
from worker.cli.interruption import Interruption
from worker.cli.main import app
from worker.errors import MisconfiguredError, UnavailableError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State
from worker.operation import status as status_module

pytestmark = pytest.mark.unit


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FileTable]:
    """A set-up as init makes it, and its ledger."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        made = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", "results"], table="files"
        )
        for name, value in {
            "CIS_QUEUE_URL": made[0].identifier,
            "CIS_DLQ_URL": made[1].identifier,
            "CIS_RESULTS_BUCKET": "results",
            "CIS_SOURCE_BUCKETS": "source",
            "CIS_FILE_TABLE": "files",
            "CIS_SQLITE_PATH": str(tmp_path / "index"),
            "CIS_IMAGE_MODEL": "",
        }.items():
            monkeypatch.setenv(name, value)
        yield FileTable(clients.dynamodb, table="files", owner="w", pipeline_version="1")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def _json(*arguments: str) -> dict[str, Any]:
    (line,) = _run(*arguments, "--json").stdout.splitlines()
    values = json.loads(line)
    assert isinstance(values, dict)
    return values


def _claim(table: FileTable, key: str) -> Claim:
    message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="source", key=key)
    row = table.claim(message, message_id="m", version="1", seen=None, attempt="a")
    return Claim(file_id=row.file_id, fence=row.fence, attempt="a", message_id="m")


def test_the_doctor_names_a_fault_with_its_fix_and_fails(
    aws: FileTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIS_WORK_DIR", "/missing/folder")
    result = _run("doctor")
    assert result.exit_code == 1
    assert "/missing/folder" in result.stdout
    assert "→ Set CIS_WORK_DIR" in result.stdout


def test_the_doctors_findings_as_json(aws: FileTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_FILE_TABLE", "missing")
    values = _json("doctor")
    by_subject = {finding["subject"]: finding for finding in values["findings"]}
    assert by_subject["table"]["level"] == "failure"
    assert by_subject["queue"]["level"] == "ok"
    assert values["failures"] == sum(finding["level"] == "failure" for finding in values["findings"])


def test_status_reports_depths_states_and_reasons(aws: FileTable) -> None:
    aws.commit(_claim(aws, "a.pdf"), Commit(state=State.NO_CONTENT, reason="encrypted"))
    _claim(aws, "見積.pdf")
    text = _run("status").stdout
    assert "encrypted 1" in text
    assert "見積.pdf" in text
    values = _json("status")
    assert values["queue"] == {"visible": 0, "in_flight": 0, "delayed": 0}
    assert values["ledger"]["states"]["no_content"] == 1
    assert values["ledger"]["reasons"] == {"no_content": {"encrypted": 1}}
    assert values["ledger"]["oldest_unfinished"]["file_path"] == "見積.pdf"


def test_status_can_leave_the_ledger_alone(aws: FileTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_FILE_TABLE", "missing")
    assert _json("status", "--no-ledger")["ledger"] is None
    assert "ledger" not in _run("status", "--no-ledger").stdout


def test_an_empty_ledger_has_no_oldest_file(aws: FileTable) -> None:
    assert _json("status")["ledger"]["oldest_unfinished"] is None
    assert "oldest" not in _run("status").stdout


def test_status_without_settings_names_them() -> None:
    with pytest.raises(MisconfiguredError, match="CIS_QUEUE_URL"):
        _run("status")


def test_failures_are_named_with_what_to_do(aws: FileTable) -> None:
    aws.commit(_claim(aws, "a.doc"), Commit(state=State.NO_CONTENT, reason="needs_libreoffice"))
    aws.record_failure(_claim(aws, "見積.pdf"), code="timeout", message="took too long")
    text = _run("status", "--failures").stdout
    for part in ("見積.pdf", "took too long", "1 needs_libreoffice: Install LibreOffice"):
        assert part in text
    values = _json("status", "--failures", "--limit", "1")
    assert [failure["file_path"] for failure in values["failures"]] == ["見積.pdf"]
    assert {count["reason"] for count in values["failure_counts"]} == {"timeout", "needs_libreoffice"}
    assert "failures" not in _json("status")


def test_a_watch_reports_until_it_is_stopped_and_survives_an_outage(
    aws: FileTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    _claim(aws, "見積.pdf")
    calls: list[int] = []
    read = status_module.read_status

    def read_or_fail(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise UnavailableError("DynamoDB is unavailable")
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return read(*arguments, **options)

    monkeypatch.setattr(status_module, "read_status", read_or_fail)
    monkeypatch.setattr(Interruption, "wait", lambda interruption, _: interruption.is_requested)
    result = _run("status", "--watch", "1", "--no-ledger", "--failures")
    assert (result.exit_code, len(result.stdout.splitlines())) == (130, 2)
    assert "queue 0 waiting" in result.stdout
    assert "DynamoDB is unavailable" in result.stderr


def test_config_prints_values_and_their_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_QUEUE_URL", "https://user:pass@here/1/q")
    text = _run("config").stdout
    assert "pass" not in text
    values = {setting["name"]: setting for setting in _json("config")["settings"]}
    assert values["CIS_QUEUE_URL"] == {
        "name": "CIS_QUEUE_URL",
        "value": "https://(hidden)@here/1/q",
        "source": "environment",
    }
    assert values["CIS_LANGUAGES"]["source"] == "default"
