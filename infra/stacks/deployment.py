"""Deployment: the stacks of one name, one after the other, each with outputs of those before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.stacks.errors import DeployError
from infra.stacks.kept import KeptResources
from infra.stacks.stack_client import Change, StackClient
from infra.stacks.template import ORDER, Template
from worker.aws.buckets.notifications import NotificationChange, merge_notification
from worker.errors import WorkerError

_UNKNOWN = "(known after {} is deployed)"


class Report(Protocol):
    """What shows a deployment to people."""

    def changes(self, stack: str, changes: Sequence[Change], *, is_new: bool) -> None:
        """What will be done to a stack."""

    def unchanged(self, stack: str) -> None:
        """A stack that is as it should be."""

    def made(self, stack: str, resources: Mapping[str, tuple[str, str]]) -> None:
        """What a stack consists of now."""

    def notification(self, change: NotificationChange) -> None:
        """What changes in the notifications of a bucket that exists."""


@dataclass(kw_only=True, slots=True)
class Deployment:
    """One run. `confirm` is asked before each change; `given` are parameters that the operator gave.

    `values` are the parameters known so far, outputs of deployed stacks among them.
    """

    kept: KeptResources
    templates: Sequence[Template]
    report: Report
    confirm: Callable[[str], bool]
    given: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    _later: set[str] = field(default_factory=set)

    @property
    def _stacks(self) -> StackClient:
        return self.kept.stacks

    def run(self, *, is_dry_run: bool) -> None:
        """Deploy all of them. Raises DeployError, also where something needed is not given."""
        self._learn()
        self._require()
        for template in self.templates:
            self._deploy(template, is_dry_run=is_dry_run)
            if template.name == "storage":
                self._notify(is_dry_run=is_dry_run)

    def stack_name(self, template: str) -> str:
        """The name of a template's stack."""
        return f"{self.kept.name}-{template}"

    def _learn(self) -> None:
        """Begin with what is there: outputs of all stacks, and the name of the source bucket."""
        for name in ORDER:
            self.values |= self._stacks.outputs(self.stack_name(name))
        self.values |= {**self.given, "Name": self.kept.name}
        self.values.setdefault("SourceBucketName", self.kept.source_bucket())

    def _require(self) -> None:
        """Before anything is made: see that each parameter without a default is given, or an output."""
        unknown = set(self.given) - {name for each in self.templates for name in each.parameters}
        if unknown:
            raise DeployError(f"No template has the parameter {', '.join(sorted(unknown))}.")
        outputs = set[str]()
        for template in self.templates:
            before = self._stacks.parameters(self.stack_name(template.name))
            missing = template.required - set(self.values) - outputs - set(before)
            if missing:
                options = " ".join(f"--parameter {name}=..." for name in sorted(missing))
                raise DeployError(
                    f"{template.name}.yaml needs {', '.join(sorted(missing))}: give {options}, or leave it "
                    f"out: --only {','.join(each.name for each in self.templates if each is not template)}."
                )
            outputs |= template.outputs

    def _deploy(self, template: Template, *, is_dry_run: bool) -> None:
        stack = self.stack_name(template.name)
        found = self.kept.parameters(template.name, stack, source_bucket=self.values["SourceBucketName"])
        # What the operator gives goes before what was found.
        wanted = {**self.values, **found, **self.given}
        values = {name: wanted[name] for name in template.parameters if name in wanted}
        if is_dry_run and (self._stacks.find(stack) is None or self._later & set(template.parameters)):
            self._preview(template, stack, values)
            return
        change_set = self._stacks.propose(stack, template, values)
        if change_set is None:
            self.report.unchanged(stack)
            return
        self.report.changes(stack, change_set.changes, is_new=change_set.is_new_stack)
        is_wanted = False
        try:
            is_wanted = not is_dry_run and self.confirm(f"Change stack {stack}?")
        finally:
            # Also after Ctrl-C: what is not executed is not left behind.
            if not is_wanted:
                self._stacks.discard(change_set)
        if is_dry_run:
            return
        if not is_wanted:
            raise DeployError(f"Stopped before stack {stack}; nothing of it was changed.")
        self._stacks.execute(change_set)
        self.values |= {**self._stacks.outputs(stack), **self.given}
        self.report.made(stack, self._stacks.resources(stack))

    def _preview(self, template: Template, stack: str, values: Mapping[str, str]) -> None:
        """What a template would make: a change set needs outputs of stacks that are not there."""
        present = self._stacks.resources(stack)
        added = [
            Change(action="Add", logical_id=logical_id, resource_type=kind)
            for logical_id, kind in template.made_with(values).items()
            if logical_id not in present
        ]
        self.report.changes(stack, added, is_new=not present)
        self._later |= template.outputs - set(self.values)
        for output in self._later:
            self.values.setdefault(output, _UNKNOWN.format(template.name))

    def _notify(self, *, is_dry_run: bool) -> None:
        """A bucket that was there before sends its events, too; its queue accepts them by now."""
        bucket = self.values["SourceBucketName"]
        is_ours = "SourceBucket" in self._stacks.resources(self.stack_name("storage"))
        queue_arn = self.values.get("QueueArn", "")
        if is_ours or not queue_arn.startswith(("arn:", "(")) or not self.kept.account.has_bucket(bucket):
            return
        client = self.kept.account.clients.s3
        try:
            change = merge_notification(client, bucket, queue_arn, dry_run=True)
            if not change.is_needed:
                return
            self.report.notification(change)
            if is_dry_run:
                return
            if not self.confirm(f"Change the notifications of bucket {bucket}?"):
                raise DeployError(f"Stopped: bucket {bucket} announces nothing to the queue yet.")
            merge_notification(client, bucket, queue_arn)
        except WorkerError as error:
            raise DeployError(str(error)) from error
