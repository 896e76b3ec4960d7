"""The embedded stack with its real servers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import pytest
import requests

from worker.aws.clients import make_clients
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.moto_process import MotoProcess
from worker.embedded.stack import EmbeddedStack
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def _bodies(stack: EmbeddedStack) -> list[dict[str, Any]]:
    received = stack.clients.sqs_poll.receive_message(
        QueueUrl=stack.resources.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    for message in received.get("Messages", []):
        stack.clients.sqs.delete_message(
            QueueUrl=stack.resources.queue_url, ReceiptHandle=message["ReceiptHandle"]
        )
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_an_object_put_into_the_source_bucket_becomes_a_message(stack: EmbeddedStack) -> None:
    stack.clients.s3.put_object(Bucket=stack.resources.source_bucket, Key="契約/a b.txt", Body=b"x")
    keys = [record["s3"]["object"]["key"] for body in _bodies(stack) for record in body.get("Records", [])]
    assert [unquote_plus(key) for key in keys] == ["契約/a b.txt"]


def test_messages_that_kill_machines_end_on_the_dead_letter_queue(stack: EmbeddedStack) -> None:
    attributes = stack.clients.sqs.get_queue_attributes(
        QueueUrl=stack.resources.queue_url, AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 100
    assert redrive["deadLetterTargetArn"].endswith(stack.resources.dlq_url.rsplit("/", 1)[1])


def test_the_clients_reach_the_bedrock_server(stack: EmbeddedStack) -> None:
    answer = stack.clients.bedrock.invoke_model(
        modelId="amazon.titan-embed-text-v2:0", body=json.dumps({"inputText": "契約書"})
    )
    assert len(json.loads(answer["body"].read())["embedding"]) == 1024


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"throttle_next": 1}, "ThrottlingException"),
        ({"fail_next": 1, "status": 503}, "ServiceUnavailableException"),
        ({"fail_next": 1, "status": 424}, "ModelErrorException"),
    ],
)
def test_boto3_knows_the_errors_of_the_bedrock_server(
    stack: EmbeddedStack, script: dict[str, object], error: str
) -> None:
    stack.bedrock.control(script)
    with pytest.raises(getattr(stack.clients.bedrock.exceptions, error)):
        stack.clients.bedrock.invoke_model(modelId="amazon.titan-embed-text-v1", body='{"inputText": "x"}')


def test_boto3_knows_a_refused_request(stack: EmbeddedStack) -> None:
    with pytest.raises(stack.clients.bedrock.exceptions.ValidationException, match="inputText"):
        stack.clients.bedrock.invoke_model(modelId="amazon.titan-embed-text-v1", body='{"inputText": ""}')


def test_its_environment_makes_boto3_use_it_and_nothing_else(
    stack: EmbeddedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://of.the.user.invalid")
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    clients = make_clients()
    names = {bucket["Name"] for bucket in clients.s3.list_buckets()["Buckets"]}
    assert names == {"cis-results", "cis-source"}
    assert clients.bedrock.meta.endpoint_url == stack.bedrock.url


def test_its_own_clients_ignore_the_users_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "AWS_ACCESS_KEY_ID", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://of.the.user.invalid")
    with EmbeddedStack(tmp_path, notifications=False) as other:
        other.clients.s3.put_object(Bucket=other.resources.source_bucket, Key="a", Body=b"x")
        assert _bodies(other) == []


def test_two_stacks_share_nothing(stack: EmbeddedStack) -> None:
    with EmbeddedStack() as other:
        other.clients.s3.put_object(Bucket=other.resources.results_bucket, Key="other", Body=b"x")
        listed = stack.clients.s3.list_objects_v2(Bucket=stack.resources.results_bucket)
    assert listed["KeyCount"] == 0


def test_after_stop_nothing_is_left() -> None:
    stack = EmbeddedStack()
    stack.start()
    urls = [stack.environment()["AWS_ENDPOINT_URL"], stack.bedrock.url, stack.metadata.url]
    home = stack.home
    stack.stop()
    assert not home.exists()
    for url in urls:
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_before_the_start_there_is_no_home() -> None:
    stack = EmbeddedStack()
    with pytest.raises(MisconfiguredError, match="start it first"):
        _ = stack.home
    stack.stop()


def test_moto_ends_with_its_parent() -> None:
    process = subprocess.Popen(
        python_command("worker.embedded.moto_server"),
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    output, _ = process.communicate("", timeout=60)
    assert output.startswith("http://127.0.0.1:")
    assert process.returncode == 0


def test_a_server_that_does_not_start_is_reported_with_its_error_output(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "moto.log", module="worker.embedded.no_such_module")
    with pytest.raises(MisconfiguredError, match=r"moto.* did not start.*no_such_module"):
        moto.start()


def test_a_worker_started_on_it_gets_ready_and_ends_with_it(tmp_path: Path) -> None:
    with EmbeddedStack(tmp_path) as own:
        worker = own.start_worker("first", changes={"CIS_POLL_WAIT_S": "1"})
        assert worker.wait_until_ready()["http_port"]
    assert not worker.is_running
    assert (tmp_path / "first.stderr.log").exists()


def test_a_worker_may_begin_before_there_is_what_it_asks_for(tmp_path: Path) -> None:
    own = EmbeddedStack(tmp_path, notifications=False)
    own.begin()
    worker = own.start_worker("early", changes={"CIS_POLL_WAIT_S": "1"})
    with own:
        assert worker.wait_until_ready()["http_port"]
        assert own.environment()["CIS_QUEUE_URL"] == own.resources.queue_url
        listed = own.clients.sqs.list_queues()["QueueUrls"]
        assert {urlsplit(url).path for url in listed} == {
            urlsplit(url).path for url in (own.resources.queue_url, own.resources.dlq_url)
        }
    assert not worker.is_running
