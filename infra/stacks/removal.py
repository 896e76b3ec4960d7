"""Removal: the stacks of one name, the last first; data stays unless its deletion is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.stacks.account import Account
from infra.stacks.errors import report_errors
from infra.stacks.kept import KeptResources
from infra.stacks.template import ORDER, Template
from worker.aws.buckets.notifications import remove_notification
from worker.errors import WorkerError

Resource = tuple[str, str]
"""Type and name."""

_BATCH = 1_000
_QUEUE = "AWS::SQS::Queue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """One run. Raises DeployError."""

    kept: KeptResources
    templates: Sequence[Template]

    def stacks(self) -> list[str]:
        """The stacks that are there, in the order of their deletion."""
        names = [f"{self.kept.name}-{each}" for each in reversed(ORDER)]
        return [name for name in names if self.kept.stacks.find(name) is not None]

    def delete_stacks(self, say: Callable[[str], None]) -> None:
        """Delete the stacks; each takes what its template does not keep."""
        for stack in self.stacks():
            say(f"{stack}: deleting")
            self.kept.stacks.delete(stack)

    def data(self) -> list[Resource]:
        """What stays: what the stacks keep, and what earlier ones kept. Only what was made for this name."""
        by_name = {f"{self.kept.name}-{each.name}": each for each in self.templates}
        found = [
            resource
            for stack in self.stacks()
            for logical_id, resource in self.kept.stacks.resources(stack).items()
            if stack in by_name and by_name[stack].is_kept(logical_id) and resource[0] != _QUEUE
        ]
        name, account = self.kept.name, self.kept.account
        for bucket in (self.kept.source_bucket(), self.kept.results_bucket()):
            if account.has_bucket(bucket):
                found.append(("AWS::S3::Bucket", bucket))
        for queue in (f"{name}-files", f"{name}-files-dlq"):
            if url := account.queue_url(queue):
                found.append((_QUEUE, url))
        if account.has_table(f"{name}-files"):
            found.append(("AWS::DynamoDB::Table", f"{name}-files"))
        return list(dict.fromkeys(found))

    def delete_data(self, resources: Sequence[Resource], say: Callable[[str], None]) -> list[Resource]:
        """Delete these; what no code here knows how to delete is returned."""
        left = []
        for kind, name in resources:
            delete = _DELETE.get(kind)
            if delete is None:
                left.append((kind, name))
                continue
            say(f"{name}: deleting")
            with report_errors(f"delete {name}"):
                delete(self.kept.account, name)
        return left

    def disconnect(self, bucket: str, queue_arn: str) -> bool:
        """Have a bucket that stays announce nothing to a queue that goes; whether it did."""
        try:
            return remove_notification(self.kept.account.clients.s3, bucket, queue_arn).is_needed
        except WorkerError:
            return False  # the bucket is gone


def _delete_bucket(account: Account, name: str) -> None:
    client: Any = account.clients.s3
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        for start in range(0, len(keys), _BATCH):
            client.delete_objects(
                Bucket=name, Delete={"Objects": keys[start : start + _BATCH], "Quiet": True}
            )
    client.delete_bucket(Bucket=name)


def _delete_table(account: Account, name: str) -> None:
    client = account.clients.dynamodb
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)


_DELETE: dict[str, Callable[[Account, str], object]] = {
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::DynamoDB::Table": _delete_table,
    _QUEUE: lambda account, url: account.clients.sqs.delete_queue(QueueUrl=url),
    "AWS::OpenSearchService::Domain": lambda account, name: account.other("opensearch").delete_domain(
        DomainName=name.rpartition("/")[2]
    ),
    "AWS::Logs::LogGroup": lambda account, name: account.other("logs").delete_log_group(logGroupName=name),
}
