"""Rules of a results bucket as a test describes them: each fault alone, on rules that are right otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from worker.aws.buckets.lifecycle_rules import LifecycleRule, merge_rules
from worker.aws.clients import make_clients
from worker.config import load_settings
from worker.operation.finding import Finding, Level
from worker.operation.retention import RESULTS_RULES, retention_checks, rule_findings

if TYPE_CHECKING:
    from worker.aws.clients import Clients

pytestmark = pytest.mark.unit

BODIES, CHECKPOINTS, UPLOADS, _LOGS = RESULTS_RULES


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        made = make_clients()
        made.s3.create_bucket(Bucket="results")
        yield made


def _messages(*rules: LifecycleRule, queue_days: float = 14.0) -> list[str]:
    findings = rule_findings(rules, queue_days=queue_days)
    return [finding.message for finding in findings if finding.level is Level.WARNING]


def _checked(clients: Clients, queue_url: str = "") -> list[Finding]:
    settings = load_settings(results_bucket="results", queue_url=queue_url)
    return [finding for check in retention_checks(settings, clients) for finding in check.run()]


def test_the_rules_that_init_sets_are_fine() -> None:
    (finding,) = rule_findings(RESULTS_RULES, queue_days=14)
    assert finding.level is Level.OK
    for text in (
        "bodies/",
        "60 days",
        "checkpoints/",
        "30 days",
        "never completed",
        "7 days",
        "logs/",
        "90 days",
    ):
        assert text in finding.message


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ((BODIES, UPLOADS), "No rule expires checkpoints/"),
        ((CHECKPOINTS, UPLOADS), "No rule expires bodies/"),
        ((BODIES, CHECKPOINTS), "never completed"),
        ((BODIES, replace(CHECKPOINTS, is_partial=True), UPLOADS), "No rule expires checkpoints/"),
        ((BODIES, replace(CHECKPOINTS, prefix="checkpoints/a"), UPLOADS), "No rule expires checkpoints/"),
        (
            (BODIES, replace(CHECKPOINTS, expire_days=20), UPLOADS),
            "checkpoints/ expires after 20 days: a fleet that stops",
        ),
        ((replace(BODIES, expire_days=30), CHECKPOINTS, UPLOADS), "bodies/ expires after 30 days: messages"),
        (
            (*RESULTS_RULES, LifecycleRule(name="theirs", prefix="checkpoints/ab", expire_days=3)),
            "checkpoints/ expires after 3 days",
        ),
        (
            (*RESULTS_RULES, LifecycleRule(name="theirs", prefix="artifacts/", expire_days=90)),
            "artifacts/ expires after 90 days",
        ),
    ],
)
def test_each_fault_is_found_alone(rules: tuple[LifecycleRule, ...], message: str) -> None:
    (found,) = _messages(*rules)
    assert message in found


def test_a_rule_for_all_objects_expires_what_is_needed_too() -> None:
    found = _messages(*RESULTS_RULES, LifecycleRule(name="all", prefix="", expire_days=365))
    assert [message.partition(" ")[0] for message in found] == ["artifacts/", "thumbnails/", "vectors/"]


def test_a_queue_that_keeps_messages_for_less_time_needs_less() -> None:
    early = replace(CHECKPOINTS, expire_days=20)
    assert _messages(BODIES, early, UPLOADS, queue_days=4) == []


def test_the_rules_of_the_bucket_are_checked_against_its_queue(clients: Clients) -> None:
    assert len(_checked(clients)) == 3
    merge_rules(clients.s3, "results", [BODIES, replace(CHECKPOINTS, expire_days=20), UPLOADS])
    assert [finding.level for finding in _checked(clients)] == [Level.WARNING]
    url = clients.sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "345600"})["QueueUrl"]
    assert [finding.level for finding in _checked(clients, url)] == [Level.OK]
    assert [finding.level for finding in _checked(clients, f"{url}-none")] == [Level.WARNING]


def test_rules_that_may_not_be_read_are_said_to_be_unchecked(clients: Clients) -> None:
    def refuse(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        http_response.status_code = 403
        parsed["Error"] = {"Code": "AccessDenied", "Message": "no"}

    clients.s3.meta.events.register("after-call.s3.GetBucketLifecycleConfiguration", refuse)
    (finding,) = _checked(clients)
    assert (finding.level, finding.message[:12]) == (Level.WARNING, "Not checked.")
    assert "s3:GetLifecycleConfiguration" in finding.advice


def test_a_bucket_that_is_missing_is_reported_by_its_own_check(clients: Clients) -> None:
    clients.s3.delete_bucket(Bucket="results")
    assert _checked(clients) == []


def test_without_a_bucket_there_is_nothing_to_check(clients: Clients) -> None:
    assert retention_checks(load_settings(), clients) == []
