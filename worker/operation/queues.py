"""Checks of the work queue and its dead-letter queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from worker.aws.inspection import QueueFacts
from worker.aws.provisioning import RETENTION_S
from worker.config import Settings
from worker.errors import WorkerError
from worker.operation.finding import Check, Finding, failure, ok, warning

_QUEUE = "queue"
_DLQ = "dead-letter queue"
_DAY_S = 86_400
_LOW_RECEIVE_COUNT = 20
_RECEIVE_COUNT = 100

ReadQueue = Callable[[str], QueueFacts]


def queue_checks(settings: Settings, read: ReadQueue) -> list[Check]:
    """The checks of both queues; `read` reads the facts of a queue by its URL, and raises WorkerError."""
    rights = (
        "The role needs sqs:GetQueueAttributes, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and "
        "SendMessage."
    )
    return [
        Check(
            subject=_QUEUE,
            run=partial(queue_findings, settings, read),
            advice=f"Set CIS_QUEUE_URL to the URL that `cis-worker init` prints. {rights}",
        ),
        Check(
            subject=_DLQ,
            run=partial(dead_letter_findings, settings, read),
            advice="Set CIS_DLQ_URL to the dead-letter queue's URL (`cis-worker init` creates one and prints "
            "it). The role needs sqs:GetQueueAttributes and sqs:SendMessage.",
        ),
    ]


def queue_findings(settings: Settings, read: ReadQueue) -> Sequence[Finding]:
    """The work queue itself. Raises WorkerError where it cannot be read."""
    if not settings.queue_url:
        return [failure(_QUEUE, "CIS_QUEUE_URL is not set.", "Set it; `cis-worker init` prints it.")]
    facts = read(settings.queue_url)
    problems = [finding for finding in (_kind(facts), _retention(facts)) if finding is not None]
    return problems or [
        ok(
            _QUEUE,
            f"{facts.arn}: visibility {facts.visibility_s} s (the worker uses {settings.visibility_s} s), "
            f"retention {_days(facts.retention_s)}",
        )
    ]


def dead_letter_findings(settings: Settings, read: ReadQueue) -> Sequence[Finding]:
    """The dead-letter queue and the redrive to it. Raises WorkerError where it cannot be read."""
    if not settings.dlq_url:
        return [failure(_DLQ, "CIS_DLQ_URL is not set.", "Set it; `cis-worker init` prints it.")]
    if settings.dlq_url == settings.queue_url:
        return [
            failure(
                _DLQ,
                "CIS_DLQ_URL is the work queue: dead letters would be received again for ever.",
                "Create a second queue (`cis-worker init`) and set CIS_DLQ_URL to it.",
            )
        ]
    dlq = read(settings.dlq_url)
    try:
        queue = read(settings.queue_url) if settings.queue_url else None
    except WorkerError:  # reported by the queue's own check
        queue = None
    if queue is None:
        return [ok(_DLQ, f"{dlq.arn}; the redrive policy of the queue is not known")]
    findings = (_redrive(queue, dlq), _receive_count(queue), _dlq_retention(queue, dlq))
    problems = [finding for finding in findings if finding is not None]
    return problems or [
        ok(_DLQ, f"{dlq.arn}: after {queue.max_receive_count} receives, retention {_days(dlq.retention_s)}")
    ]


def _kind(queue: QueueFacts) -> Finding | None:
    # A requeue sends a copy with a delay of its own, which a FIFO queue refuses.
    if not queue.fifo:
        return None
    return failure(
        _QUEUE,
        f"{queue.arn} is a FIFO queue, to which work cannot be requeued.",
        "Use a standard queue; the ledger keeps the order (`cis-worker init` creates one).",
    )


def _retention(queue: QueueFacts) -> Finding | None:
    if queue.retention_s is None or queue.retention_s >= RETENTION_S:
        return None
    return warning(
        _QUEUE,
        f"Messages are lost after {_days(queue.retention_s)}: a fleet that stops for longer loses files.",
        f"Run `cis-worker init`, or set MessageRetentionPeriod to {RETENTION_S} s, the longest there is.",
    )


def _redrive(queue: QueueFacts, dlq: QueueFacts) -> Finding | None:
    policy = f'RedrivePolicy to {{"deadLetterTargetArn":"{dlq.arn}","maxReceiveCount":"{_RECEIVE_COUNT}"}}'
    if queue.redrive_arn is None:
        return failure(
            _DLQ,
            "The queue has no redrive policy: a message that kills machines would be received for ever.",
            f"Set the queue's {policy}.",
        )
    if queue.redrive_arn != dlq.arn:
        return warning(
            _DLQ,
            f"The queue's redrive policy names {queue.redrive_arn}, CIS_DLQ_URL {dlq.arn}: "
            "dead letters go to two queues.",
            f"Set CIS_DLQ_URL to the former, or the queue's {policy}.",
        )
    return None


def _receive_count(queue: QueueFacts) -> Finding | None:
    count = queue.max_receive_count
    if count is None or count >= _LOW_RECEIVE_COUNT:
        return None
    return warning(
        _DLQ,
        f"maxReceiveCount is {count}: machines that die raise it too, so healthy documents would end as "
        "dead letters.",
        f"Set maxReceiveCount to {_RECEIVE_COUNT}, at least {_LOW_RECEIVE_COUNT}; the worker itself counts "
        "failures.",
    )


def _dlq_retention(queue: QueueFacts, dlq: QueueFacts) -> Finding | None:
    if dlq.retention_s is None or queue.retention_s is None:
        return None
    # No queue keeps messages longer than that.
    if dlq.retention_s > queue.retention_s or dlq.retention_s >= RETENTION_S:
        return None
    return warning(
        _DLQ,
        f"It keeps messages {_days(dlq.retention_s)}, the queue {_days(queue.retention_s)}: a message keeps "
        "its age when it moves, and may expire before an operator sees it.",
        f"Run `cis-worker init`, or set its MessageRetentionPeriod to {RETENTION_S} seconds (14 days).",
    )


def _days(seconds: int | None) -> str:
    if seconds is None:
        return "unknown"
    return f"{seconds / _DAY_S:.3g} days" if seconds >= _DAY_S else f"{seconds} s"
