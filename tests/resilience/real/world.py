"""World: real servers, what a test has put into the bucket, and the test's own access past every proxy."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.resilience.real.corpus import Document
from tests.resilience.real.fault_answers import Service
from tests.resilience.real.proxy import Exchange
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.embedded.stack import EmbeddedStack
from worker.index.opensearch.client import connect
from worker.index.search_index import SearchIndex
from worker.models.file import file_id
from worker.services import open_index

_COMMAND_S = 300
_COUNTS = tuple(f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """URLs of the servers that a run has; without `opensearch` the index is SQLite."""

    sqs: str
    dynamodb: str
    opensearch: str | None = None


class Receives:
    """The receive counts in SQS's answers, those that no worker heard of included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_message: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def observe(self, exchange: Exchange) -> None:
        """Note the messages of an answer."""
        if exchange.operation != "ReceiveMessage" or exchange.answer.status != 200:
            return
        for message in json.loads(exchange.answer.body or b"{}").get("Messages") or []:
            count = int(message["Attributes"]["ApproximateReceiveCount"])
            key = str(json.loads(message["Body"]).get("s3Key", ""))
            with self._lock:
                self._by_message[message["MessageId"]] = count
                self._last[key] = count

    def last_of(self, key: str) -> int:
        """The receive count with which the last message about a key was received."""
        return self._last.get(key, 0)

    def histogram(self) -> dict[int, int]:
        """How many messages were received how often."""
        with self._lock:
            return dict(sorted(Counter(self._by_message.values()).items()))

    def __str__(self) -> str:
        times = ", ".join(f"{count} x {messages}" for count, messages in self.histogram().items())
        return f"receive counts (count x messages): {times or 'none'}"


@dataclass
class World:
    """The servers, and the state that ledger and index must agree with."""

    stack: EmbeddedStack
    servers: Servers
    environment: dict[str, str]
    home: Path
    s3: Any
    sqs: Any
    dynamodb: Any
    index: SearchIndex
    live: dict[str, Document] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    old_words: set[str] = field(default_factory=set)
    receives: Receives = field(default_factory=Receives)

    @property
    def upstreams(self) -> dict[Service, str]:
        """The address of each service, without a proxy."""
        urls = {
            Service.S3: self.environment["AWS_ENDPOINT_URL_S3"],
            Service.SQS: self.servers.sqs,
            Service.DYNAMODB: self.servers.dynamodb,
            Service.BEDROCK: self.stack.bedrock.url,
        }
        return urls | ({Service.OPENSEARCH: self.servers.opensearch} if self.servers.opensearch else {})

    @property
    def table(self) -> FileTable:
        name = self.environment["CIS_FILE_TABLE"]
        return FileTable(self.dynamodb, table=name, owner="test", pipeline_version="0")

    @property
    def storage(self) -> StorageHandler:
        return StorageHandler(self.s3, results_bucket=self.environment["CIS_RESULTS_BUCKET"])

    def put(self, document: Document) -> None:
        """Put an object (new, or in place of another) and announce it."""
        if (before := self.live.get(document.key)) is not None:
            self.old_words.add(before.word)
        self.live[document.key] = document
        self.deleted.discard(document.key)
        self.s3.put_object(Bucket=SOURCE_BUCKET, Key=document.key, Body=document.data)
        self.announce("FILE_UPLOADED", document.key)

    def delete(self, key: str) -> None:
        """Delete an object and announce it."""
        self.old_words.add(self.live.pop(key).word)
        self.deleted.add(key)
        self.s3.delete_object(Bucket=SOURCE_BUCKET, Key=key)
        self.announce("FILE_DELETED", key)

    def announce(self, event: str, key: str) -> None:
        """Send a message about a key."""
        body = {
            "eventType": event,
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": key,
            "fileSize": len(self.live[key].data) if key in self.live else 0,
            "uploadedAt": "2026-04-01T09:30:00Z",
            "metadata": {"originalPath": f"/nas/{key}"},
        }
        self.sqs.send_message(
            QueueUrl=self.environment["CIS_QUEUE_URL"], MessageBody=json.dumps(body, ensure_ascii=False)
        )

    def rows(self) -> list[FileRow]:
        return list(self.table.rows())

    def row(self, key: str) -> FileRow | None:
        return self.table.read(file_id(SOURCE_BUCKET, key))

    def depth(self, variable: str = "CIS_QUEUE_URL") -> int:
        """Messages of a queue that are not deleted; ElasticMQ counts exactly."""
        answer = self.sqs.get_queue_attributes(
            QueueUrl=self.environment[variable],
            AttributeNames=_COUNTS,
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def dead_letters(self) -> Counter[str]:
        """The reason codes of dead-lettered messages, which stay where they are."""
        codes: Counter[str] = Counter()
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.environment["CIS_DLQ_URL"],
                MaxNumberOfMessages=10,
                VisibilityTimeout=600,
                MessageAttributeNames=["cis"],
            )
            if not (messages := answer.get("Messages", [])):
                return codes
            for message in messages:
                cis = message.get("MessageAttributes", {}).get("cis", {}).get("StringValue", "{}")
                codes[str(json.loads(cis).get("code", "without a reason"))] += 1

    def is_settled(self) -> bool:
        """Whether no message is left, every file has an end state, and nothing is pending."""
        return self.depth() == 0 and all(row.is_finished and row.pending is None for row in self.rows())

    def refresh(self) -> None:
        """Make everything that was written to the index searchable."""
        if self.servers.opensearch:
            client = connect(self.servers.opensearch)
            client.indices.refresh(index=f"{self.environment['CIS_INDEX_PREFIX']}*")
            client.close()


@contextmanager
def open_world(servers: Servers, home: Path) -> Iterator[World]:
    """A world with queues, buckets, table and indices of its own on these servers."""
    name = f"r{uuid.uuid4().hex[:12]}"
    with EmbeddedStack(home / "stack", notifications=False) as stack:
        environment = _environment(stack, servers, name)
        environment |= _init(environment)
        index = open_index(_index_settings(environment))
        try:
            yield World(
                stack=stack,
                servers=servers,
                environment=environment,
                home=home,
                s3=_client("s3", environment),
                sqs=_client("sqs", environment),
                dynamodb=_client("dynamodb", environment),
                index=index,
            )
        finally:
            index.close()
            if servers.opensearch:
                with connect(servers.opensearch) as client:
                    client.indices.delete(index=f"{name}-*")


def _environment(stack: EmbeddedStack, servers: Servers, name: str) -> dict[str, str]:
    opensearch = {"CIS_INDEX": "opensearch", "CIS_SQLITE_PATH": ""} if servers.opensearch else {}
    return {
        **stack.environment(),
        "AWS_ENDPOINT_URL_SQS": servers.sqs,
        "AWS_ENDPOINT_URL_DYNAMODB": servers.dynamodb,
        "OPENSEARCH_ENDPOINT": servers.opensearch or "",
        "CIS_INDEX_PREFIX": f"{name}-",
        "CIS_QUEUE_URL": f"{servers.sqs}/000000000000/{name}",
        "CIS_DLQ_URL": f"{servers.sqs}/000000000000/{name}-dlq",
        "CIS_FILE_TABLE": name,
        "CIS_POLL_WAIT_S": "2",
        "CIS_REPLAY_INTERVAL_S": "1",
        # A page of a busy machine is slow, not lost.
        "CIS_PAGE_TIMEOUT_S": "900",
        # It doubles the CPU of a page, and what these runs show is not the text.
        "CIS_OCR_SECOND_PASS": "off",
        "CIS_DOCUMENT_TIMEOUT_S": "900",
        # Every document with text needs Bedrock, too.
        "CIS_TEXT_MODEL": "amazon.titan-embed-text-v2:0",
        **opensearch,
    }


def _init(environment: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [*python_command("worker"), "init", "--json"],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=_COMMAND_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)["environment"]
    return {name: str(made[name]) for name in ("CIS_QUEUE_URL", "CIS_DLQ_URL")}


def _client(service: str, environment: Mapping[str, str]) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=environment[f"AWS_ENDPOINT_URL_{service.upper()}"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


def _index_settings(environment: Mapping[str, str]) -> Settings:
    return Settings(
        index="opensearch" if environment["OPENSEARCH_ENDPOINT"] else "sqlite",
        opensearch_endpoint=environment["OPENSEARCH_ENDPOINT"],
        index_prefix=environment["CIS_INDEX_PREFIX"],
        sqlite_path=Path(environment["CIS_SQLITE_PATH"] or "unused"),
    )
