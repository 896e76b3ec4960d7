"""How long queues and results bucket keep what a stopped fleet must find again: made by `init`, checked here.

A message waits on the queue for up to 14 days, the longest SQS offers, and a dead letter that is redriven as
long again. What messages refer to in the results bucket stays longer than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from worker.aws.buckets.lifecycle_rules import LifecycleRule, read_rules, shortest_expiry
from worker.aws.clients import Clients
from worker.aws.inspection import read_queue
from worker.aws.provisioning import RETENTION_S
from worker.config import Settings
from worker.delivery import message_bodies
from worker.document.artifacts import CHECKPOINTS
from worker.errors import MisconfiguredError, WorkerError
from worker.operation.finding import Check, Finding, Level, ok, warning
from worker.runtime import log_sweep

_SUBJECT = "lifecycle rules"
_DAY_S = 86_400
_CHECKPOINT_DAYS = 30
_ABORT_DAYS = 7
_LOG_DAYS = 90
_MARGIN_DAYS = 7
"""For a message that is found at the end of its retention, and for the document that is read then."""
_KEPT = ("artifacts/", "thumbnails/", "vectors/")
_INIT = "Run `cis-worker init`: it sets its own rules and leaves the others."

RESULTS_RULES = (
    LifecycleRule(name="bodies", prefix=message_bodies.PREFIX, expire_days=message_bodies.KEPT_DAYS),
    LifecycleRule(name="checkpoints", prefix=CHECKPOINTS, expire_days=_CHECKPOINT_DAYS),
    LifecycleRule(name="uploads", prefix="", abort_days=_ABORT_DAYS),
    LifecycleRule(name="logs", prefix=log_sweep.PREFIX, expire_days=_LOG_DAYS),
)
"""The rules of a results bucket."""


def describe(rule: LifecycleRule) -> str:
    """What a rule does, for people."""
    if rule.expire_days:
        return f"{rule.prefix} is deleted {rule.expire_days} days after it was written"
    return f"uploads that were never completed are removed after {rule.abort_days} days"


def retention_checks(settings: Settings, clients: Clients) -> list[Check]:
    """The check of the results bucket's lifecycle rules."""
    if not settings.results_bucket:
        return []  # reported by the bucket's own check
    return [
        Check(
            subject=_SUBJECT,
            run=partial(_run, settings, clients),
            advice="Check CIS_RESULTS_BUCKET.",
            worst=Level.WARNING,
        )
    ]


def _run(settings: Settings, clients: Clients) -> Sequence[Finding]:
    try:
        rules = read_rules(clients.s3, settings.results_bucket)
    except MisconfiguredError as error:
        if "NoSuchBucket" in str(error):
            return []  # reported by the bucket's own check
        # A worker's role has no need of this right.
        advice = "Run this once with s3:GetLifecycleConfiguration, for example as the role that runs init."
        return [warning(_SUBJECT, f"Not checked. {error}", advice)]
    return rule_findings(rules, queue_days=_queue_days(settings, clients))


def rule_findings(rules: Sequence[LifecycleRule], *, queue_days: float) -> Sequence[Finding]:
    """What is wrong with the rules of a results bucket whose queue keeps messages so long."""
    findings = [
        *_missing(rules),
        *_early(
            rules,
            CHECKPOINTS,
            least_days=queue_days + _MARGIN_DAYS,
            loss="a fleet that stops for longer reads its unfinished files from their first page again",
        ),
        *_early(
            rules,
            message_bodies.PREFIX,
            least_days=2 * queue_days + _MARGIN_DAYS,
            loss="messages too large for the queue would point at nothing, and their files be lost",
        ),
        *(
            warning(
                _SUBJECT,
                f"{prefix} expires after {days} days: what is indexed by then is completed, or indexed "
                "anew, only by reading its file again.",
                "Restrict that rule to other prefixes.",
            )
            for prefix in _KEPT
            if (days := shortest_expiry(rules, prefix)) is not None
        ),
    ]
    return findings or [ok(_SUBJECT, "; ".join(describe(rule) for rule in RESULTS_RULES))]


def _missing(rules: Sequence[LifecycleRule]) -> list[Finding]:
    findings = [
        warning(
            _SUBJECT,
            f"No rule expires {prefix}: {what} stay for ever.",
            _INIT,
        )
        for prefix, what in (
            (CHECKPOINTS, "the pages of files that were deleted before they were finished"),
            (message_bodies.PREFIX, "bodies of messages that are done"),
        )
        if not any(rule.expire_days and rule.covers(prefix) for rule in rules)
    ]
    if not any(rule.abort_days for rule in rules):
        findings.append(
            warning(_SUBJECT, "No rule removes the parts of uploads that were never completed.", _INIT)
        )
    return findings


def _early(rules: Sequence[LifecycleRule], prefix: str, *, least_days: float, loss: str) -> list[Finding]:
    days = shortest_expiry(rules, prefix)
    if days is None or days >= least_days:
        return []
    return [
        warning(
            _SUBJECT,
            f"{prefix} expires after {days} days: {loss}.",
            f"Let it expire after {least_days:.0f} days or more; `cis-worker init` sets its own rule.",
        )
    ]


def _queue_days(settings: Settings, clients: Clients) -> float:
    """How long the queue keeps messages; the longest there is where that cannot be read."""
    longest = RETENTION_S / _DAY_S
    if not settings.queue_url:
        return longest
    try:
        retention_s = read_queue(clients.sqs, settings.queue_url).retention_s
    except WorkerError:  # reported by the queue's own check
        return longest
    return longest if retention_s is None else retention_s / _DAY_S
