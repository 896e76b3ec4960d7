"""The clients' configuration, and the messages when the environment lacks something."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from worker.aws.clients import Clients, Endpoint, make_clients
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit

_NAMES = [name for name in Clients.__slots__ if name != "credentials"]


def test_the_region_that_boto3_does_not_read_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert make_clients(region="ap-northeast-1").sqs.meta.region_name == "ap-northeast-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert make_clients(region="").sqs.meta.region_name == "eu-west-1"


def test_the_models_may_be_in_a_region_of_their_own() -> None:
    clients = make_clients(region="ap-northeast-1", bedrock_region="us-east-1")
    regions = {name: getattr(clients, name).meta.region_name for name in _NAMES}
    assert regions == {**dict.fromkeys(_NAMES, "ap-northeast-1"), "bedrock": "us-east-1"}
    assert make_clients(region="ap-northeast-1").bedrock.meta.region_name == "ap-northeast-1"


def test_a_region_that_cannot_be_one_is_named() -> None:
    with pytest.raises(MisconfiguredError, match=r"us east.*CIS_BEDROCK_REGION"):
        make_clients(region="ap-northeast-1", bedrock_region="us east")


def test_the_program_is_named_in_requests_without_composing_a_name_for_each() -> None:
    """botocore's own name took a quarter of the Python calls of a request."""
    clients = make_clients(region="ap-northeast-1")
    agents = [getattr(clients, name).meta.config.user_agent for name in _NAMES]
    assert [agent for agent in agents if not agent.startswith(f"Boto3/{boto3.__version__} cis-worker")] == []


ENDPOINT = "http://localhost:1"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nothing but region, keys and endpoint is set."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    return monkeypatch


def test_a_missing_region_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_REGION")
    environment.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(MisconfiguredError, match="AWS_REGION"):
        make_clients()


def test_missing_credentials_are_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_ACCESS_KEY_ID")
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MisconfiguredError, match="AWS_ACCESS_KEY_ID"):
        make_clients()


def test_half_of_the_credentials_is_a_misconfiguration(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MisconfiguredError, match="AWS_SECRET_ACCESS_KEY"):
        make_clients()


def test_an_endpoint_that_is_no_url_is_a_misconfiguration(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", "localhost:5000")
    with pytest.raises(MisconfiguredError, match="AWS_ENDPOINT_URL"):
        make_clients()


def test_time_outs_and_retries_are_as_designed(environment: pytest.MonkeyPatch) -> None:
    clients = make_clients()
    found = {
        name: (
            getattr(clients, name).meta.config.connect_timeout,
            getattr(clients, name).meta.config.read_timeout,
            getattr(clients, name).meta.config.retries["total_max_attempts"],
        )
        for name in _NAMES
    }
    assert found == {
        "sqs": (5, 10, 3),
        "sqs_poll": (5, 30, 1),
        "s3": (5, 10, 3),
        "dynamodb": (5, 10, 3),
        "bedrock": (5, 60, 1),
    }


def test_a_bucket_is_part_of_the_path_on_a_local_server(environment: pytest.MonkeyPatch) -> None:
    url = make_clients().s3.generate_presigned_url("get_object", Params={"Bucket": "nas", "Key": "k"})
    assert url.startswith(f"{ENDPOINT}/nas/k?")


def test_a_bucket_is_part_of_the_regions_host_on_aws(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_ENDPOINT_URL")
    url = make_clients().s3.generate_presigned_url("get_object", Params={"Bucket": "nas", "Key": "k"})
    assert url.startswith("https://nas.s3.ap-northeast-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256")


def test_an_endpoint_given_by_the_program_overrides_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("AWS_PROFILE", "not-there")
    clients = make_clients(
        Endpoint(
            url="http://127.0.0.1:2",
            bedrock_url="http://127.0.0.1:3",
            region="us-east-1",
            access_key_id="given",
            secret_access_key="given",
        )
    )
    found = {name: getattr(clients, name).meta.endpoint_url for name in _NAMES}
    assert found == {
        "sqs": "http://127.0.0.1:2",
        "sqs_poll": "http://127.0.0.1:2",
        "s3": "http://127.0.0.1:2",
        "dynamodb": "http://127.0.0.1:2",
        "bedrock": "http://127.0.0.1:3",
    }
    url = clients.s3.generate_presigned_url("get_object", Params={"Bucket": "nas", "Key": "k"})
    assert "X-Amz-Credential=given%2F" in url
