"""Fixtures with the URL of a real server of each kind.

A server named by a variable is used. Otherwise the first test that needs one starts it for the run. Where
that is impossible the test is skipped with the command that installs what is missing; in CI it fails.
`scripts/test --integration` names servers and has none started: what it does not name is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.servers.catalogue import DYNALITE, ELASTICMQ, LOCALSTACK, OPENSEARCH
from tests.servers.kind import Kind, ServerError
from tests.servers.programs import find_python313
from tests.servers.share import shared_url
from tests.servers.summary import record

UrlOf = Callable[[Kind], str]
NAMED_SERVERS_ONLY = "TEST_NAMED_SERVERS_ONLY"
SQS = "TEST_SQS_URL"


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> UrlOf:
    """A function that returns the URL of a server of a kind."""
    worker = hasattr(request.config, "workerinput")  # of pytest-xdist
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if worker else folder) / "servers"
    controller = os.getppid() if worker else os.getpid()

    def url_of(kind: Kind) -> str:
        named = os.environ.get(kind.variable)
        if named:
            record(request.config, kind.name, kind.variable)
            return named.rstrip("/")
        if os.environ.get(NAMED_SERVERS_ONLY):
            record(request.config, kind.name, "not named")
            pytest.skip(f"{kind.name}: this run uses the servers it is given, and {kind.variable} names none")
        try:
            url = shared_url(kind, folder, controller)
        except ServerError as error:
            record(request.config, kind.name, "absent")
            return skip_or_fail(kind, str(error))
        record(request.config, kind.name, url)
        return url

    return url_of


def skip_or_fail(kind: Kind, reason: str) -> str:
    advice = f"{reason}\n`make servers` installs what is missing; {kind.variable} names a server that runs."
    if os.environ.get("CI") and not may_be_absent(kind):
        pytest.fail(advice)
    pytest.skip(advice)


def may_be_absent(kind: Kind) -> bool:
    """Whether CI may lack it: LocalStack, where there is no Python 3.13."""
    if not kind.optional:
        return False
    try:
        find_python313()
    except ServerError:
        return True
    return False


@pytest.fixture(scope="session")
def opensearch_url(server_url: UrlOf) -> str:
    """An OpenSearch 2.19 with kuromoji and k-NN (Lucene's engine only), without security."""
    return server_url(OPENSEARCH)


@pytest.fixture(scope="session")
def elasticmq_url(server_url: UrlOf) -> str:
    """An SQS that refuses a stale receipt handle."""
    return server_url(ELASTICMQ)


@pytest.fixture(scope="session")
def sqs_url(request: pytest.FixtureRequest) -> str:
    """Any SQS, for what needs none of ElasticMQ's own rules: it, or the one that TEST_SQS_URL names."""
    if named := os.environ.get(SQS):
        record(request.config, "sqs", SQS)
        return named.rstrip("/")
    return str(request.getfixturevalue("elasticmq_url"))


@pytest.fixture(scope="session")
def dynamodb_url(server_url: UrlOf) -> str:
    """A DynamoDB that is not moto's: dynalite, or the one that TEST_DYNAMODB_URL names."""
    return server_url(DYNALITE)


@pytest.fixture(scope="session")
def localstack_url(server_url: UrlOf) -> str:
    """S3 and SQS (and SNS, EventBridge, CloudFormation) by LocalStack."""
    return server_url(LOCALSTACK)
