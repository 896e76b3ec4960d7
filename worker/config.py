"""Settings of one worker process: the only reader of the environment.

boto3's own variables (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, credentials) are read by boto3 itself.
docs/configuration.md lists all settings; a test compares the two.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from worker.errors import MisconfiguredError
from worker.runtime.machine.cpus import usable_cpus
from worker.settings.reading import ReadingSettings, split_at_commas

NEEDED = ("queue_url", "dlq_url", "results_bucket", "file_table")
"""The settings that every worker needs and that have no default."""

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_MEMORY = Path("/dev/shm")  # noqa: S108  (below it only a private folder is used)


class Settings(ReadingSettings):
    """Everything that can be set, with defaults for a laptop; read once at the start, and frozen."""

    model_config = SettingsConfigDict(
        env_prefix="CIS_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    # queues, buckets, table
    queue_url: str = Field(default="", description="URL of the queue the worker polls.")
    dlq_url: str = Field(default="", description="URL of the dead-letter queue.")
    results_bucket: str = Field(default="", description="Bucket for artifacts, vectors and checkpoints.")
    file_table: str = Field(default="", description="DynamoDB table that is the ledger.")
    source_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Buckets that files are accepted from, separated by commas."
    )
    # the index
    index: Literal["sqlite", "opensearch"] = Field(default="sqlite", description="The search index in use.")
    sqlite_path: Path | None = Field(default=None, description="Path of the SQLite index.")
    opensearch_endpoint: str = Field(
        default="", validation_alias="OPENSEARCH_ENDPOINT", description="URL of the OpenSearch cluster."
    )
    opensearch_auth: Literal["none", "basic", "sigv4"] = Field(
        default="none", description="How requests to OpenSearch are authenticated."
    )
    opensearch_user: str = Field(default="", description="User name for basic.")
    opensearch_password: SecretStr = Field(default=SecretStr(""), description="Password for basic.")
    opensearch_ca: Path | None = Field(
        default=None, description="PEM file of the certificate authority to trust for OpenSearch."
    )
    opensearch_service: Literal["es", "aoss"] = Field(
        default="es", description="Service that sigv4 signs for: a domain (es) or serverless (aoss)."
    )
    index_prefix: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9._-]{0,99})?$",
        description="Prefix of the names of the OpenSearch indices.",
    )
    index_shards: int = Field(
        default=1, ge=1, le=1024, description="Primary shards of a new OpenSearch index."
    )
    # queue
    # The heartbeat renews it at a third of this; the message of a dead worker comes back after it.
    visibility_s: int = Field(
        default=120, ge=10, le=3_600, description="Seconds a received message stays hidden."
    )
    # Short: an open poll cannot be ended without the loss of what it receives, so a stop waits for it.
    poll_wait_s: int = Field(default=2, ge=0, le=20, description="Seconds of one long poll, at most 2.")
    # More than CPUs, so that downloads and index writes continue during OCR.
    max_documents: int = Field(
        default_factory=lambda: 2 * usable_cpus() + 2, ge=1, le=200, description="Documents in flight."
    )
    max_messages_per_s: float = Field(default=0.0, ge=0, description="Messages begun a second; 0: no limit.")
    max_failures: int = Field(default=3, ge=1, description="Counted failures before a dead letter.")
    # More than a minute of refusals, as a rotation or an edited policy takes, and its detection.
    refusal_limit_s: float = Field(
        default=180.0, ge=1, description="Seconds an own service may refuse calls before the worker stops."
    )
    # stopping
    # A Spot notice leaves two minutes; the rest is for systemd.
    stop_budget_s: float = Field(
        default=110.0, gt=1, description="Seconds from a notice to the end of the process."
    )
    autoscaling_group: str = Field(default="", description="Auto Scaling group; empty: by the tags.")
    lifecycle_hook: str = Field(default="", description="Termination hook of the group; empty: by the tags.")
    # the machine
    work_dir: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()),
        description="Folder in which the worker creates its private temporary folder.",
    )
    min_free_disk_bytes: int | None = Field(
        default=None,
        ge=0,
        description="Free disk space below which nothing is received; empty: 256 MiB, at most a tenth.",
    )
    min_free_memory_bytes: int | None = Field(
        default=None,
        ge=0,
        description="Available memory below which nothing is received; empty: 256 MiB, at most a tenth.",
    )
    local_fault_timeout_s: float = Field(
        default=600.0, gt=0, description="Seconds after which a worker whose machine cannot work stops."
    )
    state_dir: Path = Field(
        default_factory=lambda: _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir()),
        description="Folder that outlives a process of this machine, for the record of what each one holds.",
    )
    max_pending_uploads: int = Field(
        default=20_000, ge=1, description="Uploads to the results bucket that may wait, as files on disk."
    )
    # embedding
    image_model: str = Field(
        default="amazon.titan-embed-image-v1", description="Model for pictures; empty is off."
    )
    text_model: str = Field(default="", description="Model for page text; empty is off.")
    embed_pdf_pictures: bool = Field(
        default=False, description="Whether a PDF's first page gets an image vector too."
    )
    bedrock_rate: float = Field(
        default=20.0, gt=0, description="Embedding calls a second at the start; throttling adapts it."
    )
    bedrock_region: str = Field(default="", description="Region of the models; empty: that of the queue.")
    # replaying pending documents
    replay_interval_s: float = Field(
        default=5.0, gt=0, description="Seconds between two queries for pending documents."
    )
    events_target: str = Field(default="", description="Bus, topic or queue for events of end states.")
    # purging
    tombstone_retention_days: int = Field(
        default=30, ge=1, description="Days what is left of a deleted file is kept."
    )
    # observing
    http_host: str = Field(default="127.0.0.1", description="Address of the health server.")
    http_port: int = Field(
        default=0, ge=0, le=65_535, description="Port of the health server; 0 picks a free one."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line written."
    )
    log_dir: Path | None = Field(default=None, description="Folder of log files; empty: standard output.")
    log_keep_days: int = Field(default=14, ge=1, description="Days for which log files are kept.")
    log_max_bytes: int = Field(default=50 * 1024**2, ge=65_536, description="Largest size of a log file.")
    log_ship: bool = Field(default=False, description="Whether log files go to the results bucket.")
    metrics_emf: Literal["off", "on", "detailed"] = Field(
        default="off", description="Metrics in the log, in CloudWatch's embedded metric format."
    )
    metrics_emf_interval_s: float = Field(default=60.0, ge=1, description="Seconds between two such lines.")
    # confining the processes that read documents
    allow_unconfined_readers: bool = Field(
        default=False, description="Whether it runs on AWS with neither a namespace nor Landlock for readers."
    )
    aws_endpoint_url: str = Field(
        default="",
        validation_alias="AWS_ENDPOINT_URL",
        description="Where AWS is found, when it is not AWS; boto3 reads it, too.",
    )
    # for developers
    profile: str = Field(default="", description="Kind and folder of profiles, for developers.")
    # identity
    worker_id: str = Field(default="", description="Name of this worker; empty generates one.")
    group: str = Field(default="", description="Group it is shown in; empty: its Auto Scaling group.")
    aws_region: str = Field(
        default="",
        validation_alias="AWS_REGION",
        description="Region of queue, buckets and table; empty leaves it to AWS_DEFAULT_REGION.",
    )
    metadata_endpoint: str = Field(
        default="http://169.254.169.254",
        validation_alias="AWS_EC2_METADATA_SERVICE_ENDPOINT",
        description="Address of the instance metadata service.",
    )

    @property
    def is_on_aws(self) -> bool:
        """Whether this worker has credentials of AWS: not where a stand-in's address is set."""
        host = urlsplit(self.aws_endpoint_url).hostname or ""
        return not host or host.endswith(_AWS_DOMAINS)

    @field_validator("source_buckets", mode="before")
    @classmethod
    def _split_buckets(cls, value: object) -> object:
        return split_at_commas(value)


def environment_name(field: str) -> str:
    """The environment variable that sets a field of Settings."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"CIS_{field.upper()}"


def load_settings(**overrides: object) -> Settings:
    """Read the environment once; overrides win.

    Raises MisconfiguredError that names each wrong variable and what it should be.
    """
    # An empty variable counts as not set, except for this one, where it means "off".
    off = {"image_model": ""} if os.environ.get("CIS_IMAGE_MODEL") == "" else {}
    try:
        return Settings(**{**off, **overrides})  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(_explain(item["loc"], item["msg"]) for item in error.errors())
        raise MisconfiguredError(f"Wrong settings: {problems}") from error


def _explain(location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ")  # of several settings, which it names itself
    field = str(location[0])
    name = environment_name(field) if field in Settings.model_fields else field
    return f"{name}: {message}"


def require(settings: Settings, *fields: str) -> None:
    """Raise MisconfiguredError naming every listed setting that is empty."""
    missing = [environment_name(field) for field in fields if not getattr(settings, field)]
    if missing:
        raise MisconfiguredError(
            f"Not set: {', '.join(missing)}. `cis-worker local` prints a working set; "
            "docs/configuration.md explains each."
        )


def user_data_folder() -> Path:
    """The home of user files where neither `--home` nor CIS_HOME names one."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "")
    # The standard has a relative path ignored; with an empty one `is_absolute` is False.
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "cis-worker"


def user_cache_folder() -> Path | None:
    """Where what is quickly found out again may be kept; None where this user has no folder of their own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "")
    with suppress(RuntimeError):
        return (cache if cache.is_absolute() else Path.home() / ".cache") / "cis-worker"
    return None


def service_manager_environment() -> dict[str, str]:
    """What systemd sets for a service of Type=notify: where it listens, and the time of the watchdog."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def child_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of this process's environment for a process we start, with changes applied."""
    return {**os.environ, **(changes or {})}


def sandbox_environment() -> dict[str, str]:
    """The environment of the processes that read documents: no credentials, only what their programs need."""
    names = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "CIS_PROFILE")
    passed_on = {name: os.environ[name] for name in names if name in os.environ}
    # Pages are parallel already, and more OpenMP threads are slower by a factor (tesseract#3109).
    threads = dict.fromkeys(("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**passed_on, **threads, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
