"""ScalingServices: what ScalingManager speaks to, each made when it is needed first."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import structlog

from worker.aws.autoscaling import GroupCapacity, connect_group
from worker.aws.clients import dynamodb_client, sqs_client
from worker.aws.other_rows.scaling_row import Revision, ScalingRow
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.aws.queue_manager import QueueManager
from worker.config import Settings, load_settings
from worker.errors import MisconfiguredError, WorkerError
from worker.fleet.scaling_state import MemoryRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REGION = re.compile(r"^https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.(?:amazonaws\.com|api\.aws)")

_log = structlog.get_logger(__name__)


class StateRow(Protocol):
    """Where the state of a group's scaling lies: the ledger's table, or the memory of this process."""

    def read(self) -> Revision:
        """The row as it is now."""
        ...

    def write(self, content: str, *, seen: Revision, note: str = "") -> Revision | None:
        """Replace what was seen; None when another run wrote meanwhile."""
        ...


class ScalingServices:
    """Group, queue, row and workers of one deployment; what is not given is read from the settings.

    The properties raise MisconfiguredError, naming what to set, and the errors of AWS when they are used.
    """

    def __init__(self, *, asg_name: str | None = None, queue_url: str | None = None) -> None:
        self._asg_name = asg_name
        self._queue_url = queue_url
        self._is_registry_failing = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process."""
        return load_settings()

    @cached_property
    def group(self) -> GroupCapacity:
        """The Auto Scaling group."""
        return connect_group(self.group_name, region=self._region)

    @cached_property
    def group_name(self) -> str:
        """The name of the group, given or set."""
        name = self._asg_name or self.settings.autoscaling_group
        if not name:
            raise MisconfiguredError(
                "No Auto Scaling group is named: set CIS_AUTOSCALING_GROUP, or name it in the call."
            )
        return name

    @cached_property
    def queue(self) -> QueueManager:
        """The work queue."""
        if not self._url:
            raise MisconfiguredError("No queue is named: set CIS_QUEUE_URL, or name it in the call.")
        return QueueManager(sqs_client(region=self._region), queue_url=self._url, dlq_url="")

    @cached_property
    def row(self) -> StateRow:
        """The row of this group's scaling."""
        table = self.settings.file_table
        if table:
            return ScalingRow(client=self._dynamodb, table=table, group=self.group_name)
        _log.warning(
            "scaling_state_in_memory",
            reason="CIS_FILE_TABLE is not set: cooldown and history last as long as this process, and "
            "another one is not seen",
        )
        return MemoryRow()

    def workers(self) -> tuple[WorkerRow, ...] | None:
        """The registered workers, None where they cannot be read: scaling goes on with what it assumes."""
        if not self.settings.file_table:
            return None
        try:
            rows = WorkerRows(client=self._dynamodb, table=self.settings.file_table).read()
        except WorkerError as error:
            if not self._is_registry_failing:
                _log.warning("registry_unreadable", code=error.code, reason=str(error))
            self._is_registry_failing = True
            return None
        self._is_registry_failing = False
        return rows

    @cached_property
    def _dynamodb(self) -> DynamoDBClient:
        return dynamodb_client(region=self._region)

    @property
    def _url(self) -> str:
        return self._queue_url or self.settings.queue_url

    @property
    def _region(self) -> str | None:
        found = _REGION.match(self._url)
        return self.settings.aws_region or (found and (found[1] or found[2])) or None
