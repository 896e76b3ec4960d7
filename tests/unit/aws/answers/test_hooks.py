"""Refused credentials are renewed, and the monitor hears how calls end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import ClientError, MetadataRetrievalError, ReadTimeoutError

from tests.unit.clock import Clock
from worker.aws.answers.hooks import AnswerHooks, CredentialRefresh
from worker.aws.clients import Clients
from worker.aws.queue_manager import QueueManager
from worker.errors import ServiceRefusedError
from worker.resilience.resource_monitor import ResourceMonitor

pytestmark = pytest.mark.unit

URL = "https://sqs.us-east-1.amazonaws.com/1/q"


class Role:
    """The instance metadata's side: each renewal hands out the next keys, or fails."""

    def __init__(self) -> None:
        self.renewals = 0
        self.fails = False
        self.lifetime = timedelta(hours=6)

    def renew(self) -> dict[str, str]:
        if self.fails:
            raise MetadataRetrievalError(error_msg="no answer")
        self.renewals += 1
        return {
            "access_key": f"key-{self.renewals}",
            "secret_key": "secret",
            "token": f"token-{self.renewals}",
            "expiry_time": (datetime.now(UTC) + self.lifetime).isoformat(),
        }

    def credentials(self) -> RefreshableCredentials:
        made = RefreshableCredentials.create_from_metadata(self.renew(), self.renew, "iam-role")
        assert isinstance(made, RefreshableCredentials)
        return made


def clients_with(credentials: Credentials, wire: Any) -> Clients:
    session = botocore.session.Session()
    session._credentials = credentials  # type: ignore[attr-defined]
    made = boto3.Session(botocore_session=session, region_name="us-east-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    names = {
        "sqs": "sqs",
        "sqs_poll": "sqs",
        "s3": "s3",
        "dynamodb": "dynamodb",
        "bedrock": "bedrock-runtime",
    }
    clients: dict[str, Any] = {
        name: made.client(service, config=config)  # type: ignore[call-overload]
        for name, service in names.items()
    }
    for client in clients.values():
        client.meta.events.register_first("before-send", wire.play)
    return Clients(**clients, credentials=credentials)


def hook(
    clients: Clients, clock: Clock, *, resources: dict[str, str] | None = None
) -> tuple[ResourceMonitor, CredentialRefresh]:
    assert clients.credentials is not None
    monitor, refresh = (
        ResourceMonitor(clock=clock),
        CredentialRefresh(credentials=clients.credentials, clock=clock),
    )
    AnswerHooks(monitor=monitor, resources=resources or {URL: "queue"}, refresh=refresh).register(clients)
    return monitor, refresh


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "RequestExpired", "InvalidToken"])
def test_one_answer_that_the_token_expired_is_not_seen_by_the_caller(
    wire: Any, clock: Clock, code: str
) -> None:
    role = Role()
    clients = clients_with(role.credentials(), wire)
    monitor, _ = hook(clients, clock)
    wire.error(code, status=403)
    wire.answer({"Messages": []})
    assert QueueManager(clients.sqs, queue_url=URL, dlq_url=URL).receive(limit=1, wait_s=0) == []
    assert role.renewals == 2
    # Signed anew, or the second answer would be the same.
    signed = [request.headers["X-Amz-Security-Token"] for request in wire.requests]
    assert [str(token).strip("b'") for token in signed] == ["token-1", "token-2"]
    assert monitor.troubles() == []


def test_a_role_that_stays_expired_is_reported_and_not_repeated(wire: Any, clock: Clock) -> None:
    role = Role()
    clients = clients_with(role.credentials(), wire)
    monitor, _ = hook(clients, clock)
    for _ in range(2):
        wire.error("ExpiredToken", status=403)
    with pytest.raises(ServiceRefusedError):
        QueueManager(clients.sqs, queue_url=URL, dlq_url=URL).receive(limit=1, wait_s=0)
    assert len(wire.requests) == 2
    assert [trouble.resource for trouble in monitor.troubles()] == ["queue"]


def test_the_old_keys_are_kept_while_the_metadata_does_not_answer(clock: Clock) -> None:
    role = Role()
    credentials = role.credentials()
    role.fails = True
    assert not CredentialRefresh(credentials=credentials, clock=clock).refresh()
    assert credentials.get_frozen_credentials().access_key == "key-1"


def test_a_refused_batch_of_calls_renews_once(clock: Clock) -> None:
    role = Role()
    refresh = CredentialRefresh(credentials=role.credentials(), clock=clock)
    assert [refresh.refresh() for _ in range(10)] == [True] * 10
    assert role.renewals == 2
    clock.now += 5
    assert refresh.refresh()
    assert role.renewals == 3


def test_metadata_that_hands_out_an_old_role_is_a_refusal_and_no_unforeseen_error(
    wire: Any, clock: Clock
) -> None:
    role = Role()
    role.lifetime = timedelta(minutes=-5)
    clients = clients_with(role.credentials(), wire)
    monitor, _ = hook(clients, clock)
    with pytest.raises(ServiceRefusedError, match="still expired"):
        QueueManager(clients.sqs, queue_url=URL, dlq_url=URL).receive(limit=1, wait_s=0)
    assert [trouble.operation for trouble in monitor.troubles()] == ["ReceiveMessage"]


def test_a_credentials_file_that_was_rewritten_is_read_again(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    file.write_text("[default]\naws_access_key_id = old\naws_secret_access_key = s\n")
    credentials = botocore.session.Session().get_credentials()
    assert credentials is not None
    refresh = CredentialRefresh(credentials=credentials, clock=clock)
    assert not refresh.refresh()
    new = tmp_path / "new"
    new.write_text("[default]\naws_access_key_id = new\naws_secret_access_key = s\naws_session_token = t\n")
    shutil.move(new, file)
    clock.now += 5
    assert refresh.refresh()
    assert (credentials.access_key, credentials.token) == ("new", "t")


def test_static_credentials_stay(clock: Clock) -> None:
    credentials = Credentials("key", "secret", method="env")
    assert not CredentialRefresh(credentials=credentials, clock=clock).refresh()
    assert credentials.access_key == "key"


def test_a_head_without_a_reason_renews_the_credentials(wire: Any, clock: Clock) -> None:
    role = Role()
    clients = clients_with(role.credentials(), wire)
    hook(clients, clock)
    # botocore asks the bucket for its region after a 400.
    for _ in range(3):
        wire.answer(b"", status=400)
    with pytest.raises(ClientError):
        clients.s3.head_object(Bucket="nas", Key="a")
    assert role.renewals == 2


def test_the_monitor_hears_of_own_resources_and_needed_calls_only(
    wire: Any, clock: Clock, connect: Callable[[str], Any]
) -> None:
    clients = clients_with(Credentials("key", "secret"), wire)
    monitor, _ = hook(clients, clock, resources={"files": "table", "results": "results bucket"})
    for _ in range(3):
        wire.error("AccessDeniedException")
    wire.breaks(ReadTimeoutError(endpoint_url="x"))
    key: dict[str, Any] = {"file_id": {"S": "x"}}
    for table in ("files", "of somebody else"):
        with pytest.raises(ClientError):
            clients.dynamodb.get_item(TableName=table, Key=key)
    with pytest.raises(ClientError):
        clients.dynamodb.describe_table(TableName="files")
    with pytest.raises(ReadTimeoutError):
        clients.s3.get_object(Bucket="results", Key="a")
    found = [(trouble.resource, trouble.operation) for trouble in monitor.troubles()]
    assert found == [("table", "GetItem"), ("results bucket", "GetObject")]
    wire.error("ConditionalCheckFailedException")
    wire.answer({})
    wire.answer(b"<Error><Code>NoSuchKey</Code></Error>", status=404)
    with pytest.raises(ClientError):
        clients.dynamodb.update_item(TableName="files", Key=key)
    clients.dynamodb.get_item(TableName="files", Key=key)
    with pytest.raises(ClientError):
        clients.s3.get_object(Bucket="results", Key="a")
    assert monitor.troubles() == []


def test_a_throttled_call_is_no_trouble(wire: Any, clock: Clock) -> None:
    clients = clients_with(Credentials("key", "secret"), wire)
    monitor, _ = hook(clients, clock, resources={"files": "table"})
    wire.error("ThrottlingException")
    with pytest.raises(ClientError):
        clients.dynamodb.get_item(TableName="files", Key={"file_id": {"S": "x"}})
    assert monitor.troubles() == []
