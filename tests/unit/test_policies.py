"""The roles of infra/roles.yaml may do what the code does, and nothing else.

What the code does is read from it here; tests/aws_calls/recorder.py compares with what tests make it do.
"""

from __future__ import annotations

import pytest

from tests.aws_calls.calls_in_code import calls_in, calls_of_the_worker
from tests.aws_calls.policies import allowed, roles_template, statements
from tests.aws_calls.table import CALLS, ROLES, Role, actions
from tests.unit.source_file import ROOT

pytestmark = pytest.mark.unit


def test_every_call_in_the_code_is_in_the_table_and_every_one_of_the_table_is_made() -> None:
    made = calls_of_the_worker()
    listed = {call for call in CALLS if not call.startswith("es:")}
    assert {call: modules for call, modules in made.items() if call not in listed} == {}, "not in the table"
    assert listed - set(made) == set(), "made by nobody"


def test_a_call_is_of_a_role_or_of_the_deployer_or_says_why_not() -> None:
    assert [
        call
        for call, need in CALLS.items()
        if not (need.worker or need.operator or need.deployer) and not need.why
    ] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_calls_need_and_nothing_else(role: Role) -> None:
    needed = actions(role)
    assert needed - allowed(role) == set(), f"missing in the policies of the {role}"
    assert allowed(role) - needed == set(), f"in the policies of the {role}, and used by no call"


def test_the_roles_are_apart() -> None:
    only_worker, only_operator = (
        allowed("worker") - allowed("operator"),
        allowed("operator") - allowed("worker"),
    )
    assert {"s3:GetObjectVersion", "autoscaling:CompleteLifecycleAction", "events:PutEvents"} <= only_worker
    assert {
        "dynamodb:Scan",
        "autoscaling:SetDesiredCapacity",
        "s3:ListBucketVersions",
        "es:ESHttpPut",
    } <= only_operator


@pytest.mark.parametrize("role", ROLES)
def test_nobody_writes_to_the_source_or_makes_anything(role: Role) -> None:
    making = {"Create", "Put", "Set", "Tag", "Attach"}
    allowed_to_make = {
        *("s3:PutObject", "events:PutEvents"),
        *("autoscaling:SetInstanceProtection", "autoscaling:SetDesiredCapacity"),
    }
    verbs = {
        action for action in allowed(role) if any(action.split(":")[1].startswith(verb) for verb in making)
    }
    assert verbs - allowed_to_make == set()
    for statement in statements(role):
        if statement["Sid"] == "SourceObjects":
            granted = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert all(action.startswith("s3:GetObject") for action in granted)


def test_no_statement_is_for_everything() -> None:
    for name, resource in roles_template().resources.items():
        if resource["Type"] != "AWS::IAM::ManagedPolicy":
            continue
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            granted = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in granted), (name, granted)
            # A metric has no ARN, and its namespace is limited; a token to fetch images is of the account.
            # Two calls of Auto Scaling know no resource.
            is_limited = statement["Resource"] != "*" or "Condition" in statement
            without_resource = {
                *("ecr:GetAuthorizationToken", "autoscaling:DescribeAutoScalingGroups"),
                "autoscaling:DescribePolicies",
            }
            assert is_limited or set(granted) <= without_resource, (name, statement["Sid"])


def test_calls_are_found_where_they_are_hidden(tmp_path: object) -> None:
    path = ROOT / "worker" / "aws" / "autoscaling.py"
    # Passed as a function, and not called in place.
    assert "autoscaling:CompleteLifecycleAction" in set(calls_in(path))
    assert "dynamodb:Scan" in set(calls_in(ROOT / "worker" / "aws" / "file_table.py")), "of a paginator"
