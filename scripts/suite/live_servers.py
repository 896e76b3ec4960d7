"""The integration mode: the tests meet the servers that the environment names, and start none.

boto3's own variables name them: AWS_ENDPOINT_URL for all of AWS, AWS_ENDPOINT_URL_S3, _SQS or _DYNAMODB for
one service. The tests read TEST_* instead, as tests/servers/fixtures.py says: what points a worker at its
servers must not reach the tests by accident.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from scripts.suite.place import RefusedError

AWS = "AWS_ENDPOINT_URL"
OPENSEARCH = "OPENSEARCH_ENDPOINT"
SERVICES = ("S3", "SQS", "DYNAMODB")
_HINT = "`make services` starts servers and prints the lines to paste"
_NO_ADDRESS = "this is not the address of a server, which is http://HOST:PORT"
_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveServers:
    """Service -> the variable that names it; variable -> its URL."""

    variables: Mapping[str, str]
    urls: Mapping[str, str]

    def url(self, service: str) -> str:
        """The URL of a service, or nothing."""
        return self.urls.get(self.variables.get(service, ""), "")

    @property
    def environment(self) -> dict[str, str]:
        """What the tests read. ElasticMQ's own rules are tested where SQS has a server of its own."""
        has_own_sqs = self.url("SQS") != self.url("S3")
        named = {
            "TEST_OPENSEARCH_URL": self.url("OpenSearch"),
            "TEST_LOCALSTACK_URL": self.url("S3"),
            "TEST_DYNAMODB_URL": self.url("DYNAMODB"),
            "TEST_SQS_URL": self.url("SQS"),
            "TEST_ELASTICMQ_URL": self.url("SQS") if has_own_sqs else "",
        }
        return {**{name: url for name, url in named.items() if url}, "TEST_NAMED_SERVERS_ONLY": "1"}

    @property
    def line(self) -> str:
        """Where each service is."""
        places = [f"{service} {self.url(service) or 'none'}" for service in ("OpenSearch", *SERVICES)]
        return f"integration: {', '.join(places)}"


def find(environment: Mapping[str, str]) -> LiveServers:
    """The servers that the environment names. Raises RefusedError with a line for each that is missing."""
    variables = {"OpenSearch": OPENSEARCH} if environment.get(OPENSEARCH) else {}
    for service in SERVICES:
        own = f"{AWS}_{service}"
        if name := next((name for name in (own, AWS) if environment.get(name)), None):
            variables[service] = name
    missing = []
    if not any(service in variables for service in SERVICES):
        missing.append(f"{AWS} is not set: the address of S3, SQS and DynamoDB to test against ({_HINT}).")
    if "OpenSearch" not in variables:
        missing.append(f"{OPENSEARCH} is not set: the address of the OpenSearch to test against ({_HINT}).")
    if missing:
        raise RefusedError(*missing)
    urls = {name: environment[name].strip().rstrip("/") for name in variables.values()}
    return LiveServers(variables=variables, urls=urls)


def check(servers: LiveServers) -> None:
    """Raise RefusedError with a line for each variable whose server does not answer."""
    faults = {name: fault(url) for name, url in servers.urls.items()}
    lines = [
        f"{name}={servers.urls[name]}: {found}. Start it, or correct the variable ({_HINT})."
        for name, found in faults.items()
        if found
    ]
    if lines:
        raise RefusedError(*lines)


def fault(url: str) -> str:
    """Why there is no answer over HTTP; nothing when there is one, also a refusal: the tests say the rest."""
    address = urlsplit(url)
    try:
        port = address.port
    except ValueError:
        return _NO_ADDRESS
    if address.scheme not in ("http", "https") or not address.hostname:
        return _NO_ADDRESS
    # Not urllib: it would ask the proxy that the environment may name.
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", address.path or "/")
        connection.getresponse().read()
    except ssl.SSLCertVerificationError:
        return ""  # there is one; whether it is trusted the tests' clients say
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer ({getattr(error, 'strerror', None) or error or type(error).__name__})"
    finally:
        connection.close()
    return ""
