"""The commands run, init and local as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from worker.aws.clients import Clients, make_clients
from worker.cli.main import app
from worker.errors import MisconfiguredError
from worker.operation import deployment

pytestmark = pytest.mark.unit


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        yield


def _init(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["init", "--json", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    values = json.loads(result.stdout)
    assert isinstance(values, dict)
    return values


def test_init_creates_what_is_missing_and_prints_the_variables(aws: None) -> None:
    values = _init()
    made = values["made"]
    assert isinstance(made, list)
    assert [(thing["kind"], thing["created"]) for thing in made] == [
        ("queue", True),
        ("queue", True),
        ("bucket", True),
        ("bucket", True),
        ("table", True),
    ]
    environment = values["environment"]
    assert isinstance(environment, dict)
    assert set(environment) >= {"CIS_QUEUE_URL", "CIS_DLQ_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE"}


def test_a_second_init_creates_nothing(aws: None) -> None:
    _init()
    made = _init()["made"]
    assert isinstance(made, list)
    assert not any(thing["created"] for thing in made)


def test_a_dry_run_creates_nothing(aws: None) -> None:
    _init("--dry-run")
    made = _init("--dry-run")["made"]
    assert isinstance(made, list)
    assert all(thing["created"] for thing in made)


def test_names_that_are_set_are_used(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_QUEUE_URL", "http://127.0.0.1:9/1/my-queue")
    monkeypatch.setenv("CIS_SOURCE_BUCKETS", "one,two")
    made = _init()["made"]
    assert isinstance(made, list)
    assert [thing["name"] for thing in made][:4] == ["my-queue", "my-queue-dlq", "one", "two"]


def test_init_prints_lines_a_shell_can_read(aws: None) -> None:
    result = CliRunner().invoke(app, ["init"], catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines
    assert all(line.startswith("export CIS_") for line in lines)


def test_run_without_settings_names_them() -> None:
    with pytest.raises(MisconfiguredError, match="CIS_QUEUE_URL"):
        CliRunner().invoke(app, ["run"], catch_exceptions=False)


@pytest.mark.parametrize(
    "command",
    [
        *("demo", "ingest", "search", "show", "similar"),
        *("run", "init", "local", "doctor", "status", "config"),
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout


def test_a_bucket_that_cannot_be_connected_is_a_warning_and_the_rest_is_created(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> tuple[SimpleNamespace, dict[str, object]]:
        error = {"Code": "InvalidArgument", "Message": "no such queue"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}

    def refusing(*arguments: object, **options: object) -> Clients:
        clients = make_clients(*arguments, **options)  # type: ignore[arg-type]
        event = "before-call.s3.PutBucketNotificationConfiguration"
        clients.s3.meta.events.register_first(event, refuse)  # type: ignore[arg-type]  # it may answer
        return clients

    monkeypatch.setattr(deployment, "make_clients", refusing)
    values = _init()
    warnings = values["warnings"]
    assert isinstance(warnings, list)
    (warning,) = warnings
    assert "no such queue" in warning
    assert "cis-worker init --notify" in warning
    environment = values["environment"]
    assert isinstance(environment, dict)
    assert environment["CIS_QUEUE_URL"]


def test_a_worker_logs_without_importing_what_colours_a_terminal() -> None:
    code = (
        "import json, sys; from worker.cli.run import _import_structlog as act; act(); import structlog\n"
        "structlog.get_logger().info('alive'); print(json.dumps('rich' in sys.modules)); import rich"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    assert b"alive" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) is False
