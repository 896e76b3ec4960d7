"""EmbeddedStack: S3, SQS and DynamoDB (moto), Bedrock and instance metadata on 127.0.0.1.

The production worker runs against it unchanged, with the variables of `environment`. The contents of S3, SQS
and DynamoDB are lost at the end; the home folder stays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from worker.embedded.bedrock_server import BedrockServer
from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.metadata_server import MetadataServer
from worker.embedded.moto_process import MotoProcess
from worker.embedded.resource_names import DLQ, QUEUE, RESULTS_BUCKET, SOURCE_BUCKET, TABLE
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    # Not before `start`: boto3 takes as long to import as moto takes to begin.
    from worker.aws.clients import Clients

_REGION = "ap-northeast-1"
_ACCESS_KEY_ID = "embedded"
_SECRET_ACCESS_KEY = "embedded"  # noqa: S105 - moto checks none
_LOCAL_HOSTS = "127.0.0.1,localhost"
_ACCOUNT = "123456789012"
"""The account that moto gives to every caller; part of the URLs of its queues."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """The resources on the stack: URLs of the queues, names of the others."""

    queue_url: str
    dlq_url: str
    source_bucket: str = SOURCE_BUCKET
    results_bucket: str = RESULTS_BUCKET
    table: str = TABLE


class EmbeddedStack:
    """Context manager, or `start` and `stop`; it can be started once.

    After `begin` workers may be started, which takes them a second: what they ask of S3, SQS and DynamoDB is
    answered when `start` has made the resources.

    `home` holds the search index and the workers' error output (None: a temporary folder). With
    `notifications`, an object put into the source bucket becomes a message. `bedrock` and `metadata` are
    scripted by their `control`; `resources` are known after `begin`, `clients` after `start`.
    """

    clients: Clients
    resources: Resources

    def __init__(self, home: Path | None = None, *, notifications: bool = True) -> None:
        self.bedrock = BedrockServer()
        self.metadata = MetadataServer()
        self._home = home
        self._notifications = notifications
        self._moto: MotoProcess | None = None
        self._closing = ExitStack()

    @property
    def home(self) -> Path:
        """The folder of the index. Raises MisconfiguredError before the start."""
        if self._home is None:
            raise MisconfiguredError("The embedded stack has no folder yet: start it first.")
        return self._home

    def begin(self) -> None:
        """Start the servers, without waiting for moto. Raises as `start` does."""
        with ExitStack() as closing:
            if self._home is None:
                self._home = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="cis-stack-")))
            self._home.mkdir(parents=True, exist_ok=True)
            self._moto = MotoProcess(stderr_path=self._home / "moto.stderr.log")
            closing.callback(self._moto.stop)
            self._moto.begin()
            closing.enter_context(self.bedrock)
            closing.enter_context(self.metadata)
            queues = f"{self._moto.gate_url}/{_ACCOUNT}"
            self.resources = Resources(queue_url=f"{queues}/{QUEUE}", dlq_url=f"{queues}/{DLQ}")
            self._write_aws_config()
            # Only now: a start that fails stops what it had started.
            self._closing = closing.pop_all()

    def start(self) -> None:
        """Start the servers, unless they have begun, and create queues, buckets and table.

        Raises MisconfiguredError when the extra `home` is not installed.
        """
        if self._moto is None:
            self.begin()
        assert self._moto is not None  # noqa: S101 - for the type checker: it has begun
        with ExitStack() as failing:
            failing.callback(self.stop)
            self._make_resources(self._moto)
            failing.pop_all()

    def stop(self) -> None:
        """Kill running workers, stop the servers, remove a temporary home."""
        self._closing.close()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def environment(self) -> dict[str, str]:
        """The variables that make a worker, or any AWS program, use this stack and nothing else."""
        endpoints = ("AWS_ENDPOINT_URL", *(f"AWS_ENDPOINT_URL_{name}" for name in ("S3", "SQS", "DYNAMODB")))
        return {
            **dict.fromkeys(endpoints, self._moto.gate_url if self._moto else ""),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.bedrock.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.url,
            # An inherited `true` would make botocore ignore the endpoint variables.
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY,
            "AWS_SESSION_TOKEN": "",
            "AWS_PROFILE": "default",
            "AWS_DEFAULT_PROFILE": "default",
            "AWS_CONFIG_FILE": str(self._aws_config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._aws_config),
            # The user's proxy cannot reach this machine's localhost.
            "NO_PROXY": _LOCAL_HOSTS,
            "no_proxy": _LOCAL_HOSTS,
            "CIS_QUEUE_URL": self.resources.queue_url,
            "CIS_DLQ_URL": self.resources.dlq_url,
            "CIS_RESULTS_BUCKET": self.resources.results_bucket,
            "CIS_SOURCE_BUCKETS": self.resources.source_bucket,
            "CIS_FILE_TABLE": self.resources.table,
            "CIS_INDEX": "sqlite",
            "CIS_PDF_PASSWORDS_SECRET": "",  # this stack has no Secrets Manager
            **dict.fromkeys(("CIS_AUTOSCALING_GROUP", "CIS_LIFECYCLE_HOOK"), ""),  # nor a group
            "CIS_SQLITE_PATH": str(self.home / "index.sqlite3"),
        }

    def start_worker(
        self,
        name: str = "worker",
        *,
        changes: Mapping[str, str] | None = None,
        on_line: Callable[[LogLine], None] | None = None,
    ) -> WorkerProcess:
        """Start a worker on this stack; `changes` are variables on top of `environment`.

        Its error output is `<home>/<name>.stderr.log`. See WorkerProcess for `on_line`.
        """
        process = WorkerProcess(
            # Its lines are read from its standard output, wherever the user's own workers log to.
            {**self.environment(), "CIS_WORKER_ID": name, "CIS_LOG_DIR": "", **(changes or {})},
            stderr_path=self.home / f"{name}.stderr.log",
            on_line=on_line,
            end_polls=self._moto.end_polls if self._moto else lambda: None,
        )
        self._closing.callback(process.close)
        return process

    @property
    def _aws_config(self) -> Path:
        return self.home / "aws_config"

    def _write_aws_config(self) -> None:
        # botocore rejects an empty AWS_PROFILE, and without one the user's own profile would be used.
        self._aws_config.write_text(f"[default]\nregion = {_REGION}\n")

    def _make_resources(self, moto: MotoProcess) -> None:
        from worker.aws.buckets.lifecycle_rules import merge_rules  # noqa: PLC0415
        from worker.aws.buckets.notifications import connect_notifications  # noqa: PLC0415
        from worker.aws.clients import Endpoint, make_clients  # noqa: PLC0415
        from worker.aws.provisioning import provision  # noqa: PLC0415
        from worker.operation.retention import RESULTS_RULES  # noqa: PLC0415

        moto.start()
        self.clients = make_clients(
            Endpoint(
                url=moto.url,
                bedrock_url=self.bedrock.url,
                region=_REGION,
                access_key_id=_ACCESS_KEY_ID,
                secret_access_key=_SECRET_ACCESS_KEY,
            )
        )
        provision(
            self.clients,
            queue_name=QUEUE,
            dlq_name=DLQ,
            buckets=(SOURCE_BUCKET, RESULTS_BUCKET),
            table=TABLE,
        )
        merge_rules(self.clients.s3, RESULTS_BUCKET, RESULTS_RULES)
        if self._notifications:
            connect_notifications(self.clients, SOURCE_BUCKET, self.resources.queue_url)
        moto.open_gate()
