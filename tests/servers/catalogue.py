"""The servers: how each is built, started and probed."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.kind import Kind, Launch, Question
from tests.servers.programs import find, find_python313, maven, run

# Started often and used for seconds: compile little, keep little.
_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


def _unsigned(service: str) -> str:
    """An Authorization header with a signature that these servers do not verify."""
    scope = f"test/20200101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"


def _start_opensearch(built: Path, port: int, data: Path) -> Launch:
    target = built / "target"
    (data / "config").mkdir(exist_ok=True)  # started again on its data
    return Launch(
        command=(
            *(find("java"), *_JAVA, "-Xms256m", "-Xmx1g"),
            *("-cp", f"{target / 'classes'}:{target / 'lib'}/*:{target / 'knn'}/*"),
            *("searchnode.SearchNode", str(data), str(port)),
        )
    )


_ELASTICMQ_SETTINGS = """\
include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-hostname = "127.0.0.1", bind-port = {port}, sqs-limits = strict }}
rest-stats {{ enabled = false }}
"""


def _start_elasticmq(built: Path, port: int, data: Path) -> Launch:
    settings = data / "elasticmq.conf"
    settings.write_text(_ELASTICMQ_SETTINGS.format(port=port), encoding="utf-8")
    return Launch(
        command=(
            *(find("java"), *_JAVA, "-Xmx256m", f"-Dconfig.file={settings}"),
            *("-cp", f"{built / 'lib'}/*", "org.elasticmq.server.Main"),
        )
    )


def _build_dynalite(folder: Path) -> None:
    # in memory it needs nothing that an install script would compile
    run((find("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"), folder)


def _start_dynalite(built: Path, port: int, data: Path) -> Launch:
    program = built / "node_modules" / "dynalite" / "cli.js"
    times = ("--createTableMs", "1", "--deleteTableMs", "1", "--updateTableMs", "1")
    node = (find("node"), "--require", str(built / "killed-clients.js"))
    return Launch(command=(*node, str(program), "--host", "127.0.0.1", "--port", str(port), *times))


def _build_localstack(folder: Path) -> None:
    python313, uv = find_python313(), find("uv")
    run((uv, "venv", "--quiet", "--clear", "--python", python313, "venv"), folder)
    python = folder / "venv" / "bin" / "python"
    run(
        (uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", "requirements.lock"),
        folder,
    )


def _start_localstack(built: Path, port: int, data: Path) -> Launch:
    programs = built / "venv" / "bin"
    return Launch(
        command=(str(programs / "python"), "-m", "localstack.runtime.main"),
        environment={
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "FILESYSTEM_ROOT": str(data),
            "LOCALSTACK_VOLUME_DIR": str(data),
            "GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "LOCALSTACK_HOST": f"127.0.0.1:{port}",
            # a queue's URL by its path: host names of its own would have to be resolved
            "SQS_ENDPOINT_STRATEGY": "path",
            "S3_SKIP_SIGNATURE_VALIDATION": "0",
            # no telemetry, no downloads, no DNS server
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
        },
    )


OPENSEARCH = Kind(
    name="opensearch",
    variable="TEST_OPENSEARCH_URL",
    build=maven,
    launch=_start_opensearch,
    question=Question(
        path="/_analyze",
        method="POST",
        headers={"Content-Type": "application/json"},
        body='{"analyzer": "kuromoji", "text": "ok"}',
    ),
    settings=("OPENSEARCH_ENDPOINT",),
)
ELASTICMQ = Kind(
    name="elasticmq",
    variable="TEST_ELASTICMQ_URL",
    build=maven,
    launch=_start_elasticmq,
    question=Question(path="/?Action=ListQueues"),
    settings=("AWS_ENDPOINT_URL_SQS",),
)
DYNALITE = Kind(
    name="dynalite",
    variable="TEST_DYNAMODB_URL",
    build=_build_dynalite,
    launch=_start_dynalite,
    question=Question(
        path="/",
        method="POST",
        headers={
            "Authorization": _unsigned("dynamodb"),
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20200101T000000Z",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
        },
        body="{}",
    ),
    settings=("AWS_ENDPOINT_URL_DYNAMODB",),
)
LOCALSTACK = Kind(
    name="localstack",
    variable="TEST_LOCALSTACK_URL",
    build=_build_localstack,
    launch=_start_localstack,
    question=Question(path="/", headers={"Authorization": _unsigned("s3"), "X-Amz-Date": "20200101T000000Z"}),
    settings=("AWS_ENDPOINT_URL_S3",),
    optional=True,
)
KINDS = {kind.name: kind for kind in (OPENSEARCH, ELASTICMQ, DYNALITE, LOCALSTACK)}
