"""The integration mode finds its servers by boto3's variables, and says in a line each what is wrong."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from scripts.suite.live_servers import check, fault, find
from scripts.suite.place import RefusedError
from tests.servers.__main__ import export_lines
from tests.servers.catalogue import KINDS
from tests.servers.running import Running

pytestmark = pytest.mark.unit

AWS, SEARCH = "http://127.0.0.1:4566", "http://127.0.0.1:9200"


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(403)

    def log_request(self, code: object = "", size: object = "") -> None:
        """A test prints no access log."""


@pytest.fixture
def refusing_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(60)


@pytest.fixture
def closed_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_one_address_serves_all_of_aws() -> None:
    servers = find({"AWS_ENDPOINT_URL": f"{AWS}/", "OPENSEARCH_ENDPOINT": SEARCH})
    assert servers.environment == {
        "TEST_OPENSEARCH_URL": SEARCH,
        "TEST_LOCALSTACK_URL": AWS,
        "TEST_DYNAMODB_URL": AWS,
        "TEST_SQS_URL": AWS,
        "TEST_NAMED_SERVERS_ONLY": "1",
    }
    assert servers.line == f"integration: OpenSearch {SEARCH}, S3 {AWS}, SQS {AWS}, DYNAMODB {AWS}"


def test_the_address_of_a_service_goes_before_that_of_all() -> None:
    names = {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"}
    found = find({"AWS_ENDPOINT_URL": AWS, "OPENSEARCH_ENDPOINT": SEARCH, **names}).environment
    assert found["TEST_ELASTICMQ_URL"] == found["TEST_SQS_URL"] == "http://127.0.0.1:1"
    assert found["TEST_DYNAMODB_URL"] == "http://127.0.0.1:2"
    assert found["TEST_LOCALSTACK_URL"] == AWS


@pytest.mark.parametrize("absent", [(), ("localstack",)], ids=["all", "no LocalStack"])
def test_what_make_services_prints_leads_the_tests_to_the_same_servers(absent: tuple[str, ...]) -> None:
    names = [name for name in KINDS if name not in absent]
    servers = {
        name: Running(url=f"http://127.0.0.1:{port}", alive=lambda: True)
        for port, name in enumerate(names, 1)
    }
    printed = dict(re.findall(r"^export (\w+)=(http\S+)", export_lines(servers), re.MULTILINE))
    wanted = {name: url for name, url in printed.items() if name.startswith("TEST_")}
    assert len(wanted) == len(names)
    found = find({name: url for name, url in printed.items() if name not in wanted}).environment
    assert {name: found.get(name) for name in wanted} == wanted


def test_a_service_without_an_address_is_left_out() -> None:
    """Where no LocalStack can be built, `make services` has no S3."""
    names = {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1", "OPENSEARCH_ENDPOINT": SEARCH}
    servers = find(names)
    assert "TEST_LOCALSTACK_URL" not in servers.environment
    assert "S3 none" in servers.line


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ({}, ["AWS_ENDPOINT_URL is not set", "OPENSEARCH_ENDPOINT is not set"]),
        ({"AWS_ENDPOINT_URL": "", "OPENSEARCH_ENDPOINT": SEARCH}, ["AWS_ENDPOINT_URL is not set"]),
        ({"AWS_ENDPOINT_URL": AWS}, ["OPENSEARCH_ENDPOINT is not set"]),
    ],
)
def test_each_missing_variable_has_one_line(names: dict[str, str], missing: list[str]) -> None:
    with pytest.raises(RefusedError) as refused:
        find(names)
    assert [line.partition(":")[0] for line in refused.value.lines] == missing


def test_each_server_that_does_not_answer_has_one_line(refusing_url: str, closed_url: str) -> None:
    names = {
        "AWS_ENDPOINT_URL": closed_url,
        "OPENSEARCH_ENDPOINT": "localhost:9200",
        "AWS_ENDPOINT_URL_SQS": refusing_url,
    }
    with pytest.raises(RefusedError) as refused:
        check(find(names))
    search, aws = refused.value.lines
    assert search.startswith("OPENSEARCH_ENDPOINT=localhost:9200: this is not the address of a server")
    assert aws.startswith(f"AWS_ENDPOINT_URL={closed_url}: it does not answer (Connection refused)")


def test_a_refusal_is_an_answer(refusing_url: str) -> None:
    assert fault(refusing_url) == ""


@pytest.mark.parametrize(
    "url", ["", "http://", "http://127.0.0.1:port", "ftp://127.0.0.1:21", "127.0.0.1:80"]
)
def test_what_is_no_address_is_not_asked(url: str) -> None:
    assert "not the address of a server" in fault(url)
