"""What the roles of infra/roles.yaml may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.stacks.template import Template, load_templates
from tests.aws_calls.table import Role

_ROLES = {"worker": "WorkerRole", "operator": "OperatorRole"}
HOST_POLICY = "HostPolicy"
"""The calls of the CloudWatch agent, which is no code of ours."""


def roles_template() -> Template:
    return next(template for template in load_templates() if template.name == "roles")


def statements(role: Role) -> Iterator[dict[str, Any]]:
    """The statements of all policies of a role, but for those of the CloudWatch agent and AWS's own."""
    template = roles_template()
    role_id = _ROLES[role]
    attached = template.resources[role_id]["Properties"]["ManagedPolicyArns"]
    names = {each["Ref"] for each in attached if "Ref" in each}
    for name, resource in template.resources.items():
        if resource["Type"] != "AWS::IAM::ManagedPolicy" or name == HOST_POLICY:
            continue
        properties = resource["Properties"]
        if name in names or {"Ref": role_id} in properties.get("Roles", []):
            yield from properties["PolicyDocument"]["Statement"]


def allowed(role: Role) -> set[str]:
    """The actions that a role may do."""
    found: set[str] = set()
    for statement in statements(role):
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found
