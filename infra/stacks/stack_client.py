"""StackClient: stacks of CloudFormation, changed by change sets only."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.stacks.errors import DeployError, report_errors
from infra.stacks.template import Template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
# A domain of OpenSearch takes half an hour, and longer where it is changed.
_LONGEST_S = 5_400.0
_NO_CHANGES = ("didn't contain changes", "no updates are to be performed", "no changes")
# A stack that was never made: only its deletion is left.
_NEVER_MADE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
_STUCK = ("ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED", "UPDATE_FAILED")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a change set does to one resource; `replacement` is True, False or Conditional."""

    action: str
    logical_id: str
    resource_type: str
    replacement: str = ""
    physical_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeSet:
    """A change set that waits for its execution."""

    stack: str
    arn: str
    is_new_stack: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StackClient:
    """The stacks of one account and region. Every method raises DeployError.

    `wait` waits for so many seconds; `clock` is a monotonic one.
    """

    client: CloudFormationClient
    wait: Callable[[float], object]
    clock: Callable[[], float]
    tags: Mapping[str, str] = field(default_factory=dict)

    def find(self, stack: str) -> StackTypeDef | None:
        """A stack that is there, None where none is (or where only a change set was ever made of it)."""
        with report_errors(f"describe stack {stack}"):
            try:
                found = self.client.describe_stacks(StackName=stack)["Stacks"][0]
            except ClientError as error:
                if "does not exist" in str(error):
                    return None
                raise
        return None if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else found

    def outputs(self, stack: str) -> dict[str, str]:
        """The outputs of a stack; none where it is not there."""
        found = self.find(stack)
        outputs = found.get("Outputs", []) if found else []
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def parameters(self, stack: str) -> dict[str, str]:
        """The parameters that a stack was last deployed with."""
        found = self.find(stack)
        parameters = found.get("Parameters", []) if found else []
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in parameters}

    def resources(self, stack: str) -> dict[str, tuple[str, str]]:
        """Logical id -> type and physical id of what a stack has made."""
        if self.find(stack) is None:
            return {}
        with report_errors(f"list the resources of stack {stack}"):
            pages = self.client.get_paginator("list_stack_resources").paginate(StackName=stack)
            found = [each for page in pages for each in page["StackResourceSummaries"]]
        return {
            each["LogicalResourceId"]: (each["ResourceType"], each.get("PhysicalResourceId", ""))
            for each in found
            if each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def propose(self, stack: str, template: Template, values: Mapping[str, str]) -> ChangeSet | None:
        """A change set to this template and these parameters, not executed; None when nothing changes.

        Parameters of an existing stack that are not given keep their values.
        """
        if template.is_too_long:
            raise DeployError(f"{template.name}.yaml is longer than the 51,200 bytes that fit a request.")
        found = self._usable(stack)
        before = {each["ParameterKey"] for each in found.get("Parameters", [])} if found else set()
        parameters: list[ParameterTypeDef] = []
        for name in template.parameters:
            if name in values:
                parameters.append({"ParameterKey": name, "ParameterValue": values[name]})
            elif name in before:
                parameters.append({"ParameterKey": name, "UsePreviousValue": True})
        with report_errors(f"create a change set for stack {stack}"):
            try:
                made = self.client.create_change_set(
                    StackName=stack,
                    ChangeSetName=f"deploy-{uuid.uuid4().hex}",
                    ChangeSetType="UPDATE" if found else "CREATE",
                    TemplateBody=template.text,
                    Parameters=parameters,
                    Capabilities=template.capabilities,  # type: ignore[arg-type]
                    Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
                )
            except ClientError as error:
                if _says_no_changes(str(error)):
                    return None
                raise
        return self._read(stack, made["Id"], is_new_stack=found is None)

    def execute(self, change_set: ChangeSet) -> None:
        """Execute a change set and wait for its end."""
        with report_errors(f"execute the change set of stack {change_set.stack}"):
            self.client.execute_change_set(ChangeSetName=change_set.arn, StackName=change_set.stack)
        self._settle(change_set.stack, ("CREATE_COMPLETE", "UPDATE_COMPLETE"))

    def discard(self, change_set: ChangeSet) -> None:
        """Remove a change set, and with the first one the empty stack that it stands in."""
        with report_errors(f"remove the change set of stack {change_set.stack}"):
            if change_set.is_new_stack:
                self.client.delete_stack(StackName=change_set.stack)
            else:
                self.client.delete_change_set(ChangeSetName=change_set.arn, StackName=change_set.stack)

    def delete(self, stack: str) -> None:
        """Delete a stack and wait for its end; what its template keeps stays."""
        with report_errors(f"delete stack {stack}"):
            self.client.delete_stack(StackName=stack)
        self._settle(stack, ("DELETE_COMPLETE",))

    def _usable(self, stack: str) -> StackTypeDef | None:
        """The stack, None where one is to be created; one whose creation failed is removed first."""
        found = self.find(stack)
        if found is None:
            return None
        status = found["StackStatus"]
        if status in _NEVER_MADE:
            self.delete(stack)
            return None
        if status.endswith("IN_PROGRESS"):
            raise DeployError(
                f"Stack {stack} is {status}: somebody else deploys it. Wait, then run this again."
            )
        if status in _STUCK:
            raise DeployError(
                f"Stack {stack} is {status}. Its events in the CloudFormation console say why; repair that "
                "there (continue the rollback, or delete the stack: data stays), then run this again."
            )
        return found

    def _read(self, stack: str, arn: str, *, is_new_stack: bool) -> ChangeSet | None:
        """The change set once it is computed; an empty one is removed."""
        empty = ChangeSet(stack=stack, arn=arn, is_new_stack=is_new_stack, changes=())
        with report_errors(f"read the change set of stack {stack}"):
            answer = self._poll(
                lambda: self.client.describe_change_set(ChangeSetName=arn, StackName=stack),
                lambda found: found["Status"] in ("CREATE_COMPLETE", "FAILED"),
                f"The change set of stack {stack} is not computed",
            )
            reason = answer.get("StatusReason", "")
            if answer["Status"] == "FAILED":
                self.discard(empty)
                if _says_no_changes(reason):
                    return None
                raise DeployError(f"CloudFormation refuses the change of stack {stack}: {reason}")
            changes = list(answer.get("Changes", []))
            while token := answer.get("NextToken"):
                answer = self.client.describe_change_set(ChangeSetName=arn, StackName=stack, NextToken=token)
                changes += answer.get("Changes", [])
        if not changes and not is_new_stack:
            self.discard(empty)
            return None
        return ChangeSet(
            stack=stack,
            arn=arn,
            is_new_stack=is_new_stack,
            changes=tuple(_change(each["ResourceChange"]) for each in changes if "ResourceChange" in each),
        )

    def _settle(self, stack: str, wanted: tuple[str, ...]) -> None:
        """Wait until a stack rests. Raises DeployError, with the reasons, when it does not as wanted."""
        with report_errors(f"describe stack {stack}"):
            status = self._poll(
                lambda: self._status(stack),
                lambda found: not found.endswith("IN_PROGRESS"),
                f"Stack {stack} is not settled",
            )
        if status not in wanted:
            raise DeployError(f"Stack {stack} is {status}. {self._reasons(stack)}")

    def _status(self, stack: str) -> str:
        try:
            return str(self.client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return "DELETE_COMPLETE"
            raise

    def _reasons(self, stack: str) -> str:
        """Why resources failed, the first failure first."""
        with report_errors(f"read the events of stack {stack}"):
            events = self.client.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{each['LogicalResourceId']} ({each['ResourceType']}): {each.get('ResourceStatusReason', '?')}"
            for each in reversed(events)
            if each["ResourceStatus"].endswith("FAILED")
        ]
        return f"{reasons[0]} Repair that and run this again." if reasons else "Its events do not say why."

    def _poll(self, read: Callable[[], Any], is_done: Callable[[Any], bool], problem: str) -> Any:
        deadline, pause_s = self.clock() + _LONGEST_S, _FIRST_PAUSE_S
        while not is_done(answer := read()):
            if self.clock() > deadline:
                raise DeployError(f"{problem} after {_LONGEST_S / 60:.0f} minutes; look into the console.")
            self.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return answer


def _says_no_changes(reason: str) -> bool:
    return any(text in reason.lower() for text in _NO_CHANGES)


def _change(change: Any) -> Change:
    return Change(
        action=change["Action"],
        logical_id=change["LogicalResourceId"],
        resource_type=change["ResourceType"],
        replacement=change.get("Replacement", ""),
        physical_id=change.get("PhysicalResourceId", ""),
    )
