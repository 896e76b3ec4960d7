"""Checks of the work queue and its dead-letter queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from worker.aws.inspection import QueueFacts
from worker.config import Settings
from worker.errors import WorkerError
from worker.operation.finding import Check, Finding, failure, ok, warning

_QUEUE = "queue"
_DLQ = "dead-letter queue"
_DAY_S = 86_400
_SHORT_RETENTION_S = 3 * _DAY_S
"""A weekend and a bit: nobody may be there to notice that the fleet stands still."""
_LOW_RECEIVE_COUNT = 20
_RECEIVE_COUNT = 100

ReadQueue = Callable[[str], QueueFacts]


def queue_checks(settings: Settings, read: ReadQueue) -> list[Check]:
    """`read` looks at a queue by its URL, and raises WorkerError."""
    rights = (
        "The role needs sqs:GetQueueAttributes, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and "
        "SendMessage."
    )
    return [
        Check(
            subject=_QUEUE,
            run=partial(queue_findings, settings, read),
            advice=f"Set CIS_QUEUE_URL to the queue's URL (`cis-worker init` makes and prints it). {rights}",
        ),
        Check(
            subject=_DLQ,
            run=partial(dead_letter_findings, settings, read),
            advice="Set CIS_DLQ_URL to the dead-letter queue's URL (`cis-worker init` makes one and prints "
            "it). The role needs sqs:GetQueueAttributes and sqs:SendMessage.",
        ),
    ]


def queue_findings(settings: Settings, read: ReadQueue) -> Sequence[Finding]:
    """The work queue itself. Raises WorkerError where it cannot be looked at."""
    if not settings.queue_url:
        return [failure(_QUEUE, "CIS_QUEUE_URL is not set.", "Set it; `cis-worker init` prints it.")]
    facts = read(settings.queue_url)
    found = [_kind(facts), _retention(facts)]
    troubles = [finding for finding in found if finding is not None]
    return troubles or [
        ok(
            _QUEUE,
            f"{facts.arn}: visibility {facts.visibility_s} s (the worker takes {settings.visibility_s} s), "
            f"kept {_days(facts.retention_s)}",
        )
    ]


def dead_letter_findings(settings: Settings, read: ReadQueue) -> Sequence[Finding]:
    """The dead-letter queue, and the way there. Raises WorkerError where it cannot be looked at."""
    if not settings.dlq_url:
        return [failure(_DLQ, "CIS_DLQ_URL is not set.", "Set it; `cis-worker init` prints it.")]
    if settings.dlq_url == settings.queue_url:
        return [
            failure(
                _DLQ,
                "CIS_DLQ_URL is the work queue: dead letters would come back for ever.",
                "Make a second queue (`cis-worker init`) and set CIS_DLQ_URL to it.",
            )
        ]
    dlq = read(settings.dlq_url)
    try:
        queue = read(settings.queue_url) if settings.queue_url else None
    except WorkerError:  # told by the queue's own check
        queue = None
    if queue is None:
        return [ok(_DLQ, f"{dlq.arn}; whether the queue leads there is not known")]
    found = [_redrive(queue, dlq), _receive_count(queue), _longer(queue, dlq)]
    troubles = [finding for finding in found if finding is not None]
    return troubles or [
        ok(_DLQ, f"{dlq.arn}: after {queue.max_receive_count} receives, kept {_days(dlq.retention_s)}")
    ]


def _kind(queue: QueueFacts) -> Finding | None:
    if not queue.fifo:
        return None
    return failure(
        _QUEUE,
        f"{queue.arn} is a FIFO queue, to which work cannot be requeued.",
        "Use a standard queue; the ledger keeps the order (`cis-worker init` makes one).",
    )


def _retention(queue: QueueFacts) -> Finding | None:
    if queue.retention_s is None or queue.retention_s >= _SHORT_RETENTION_S:
        return None
    return warning(
        _QUEUE,
        f"Messages are lost after {_days(queue.retention_s)}: a fleet that stands still over a weekend "
        "loses files.",
        f"Set MessageRetentionPeriod to at least {_SHORT_RETENTION_S}, better {4 * _DAY_S} (seconds).",
    )


def _redrive(queue: QueueFacts, dlq: QueueFacts) -> Finding | None:
    policy = f'RedrivePolicy to {{"deadLetterTargetArn":"{dlq.arn}","maxReceiveCount":"{_RECEIVE_COUNT}"}}'
    if queue.redrive_arn is None:
        return failure(
            _DLQ,
            "The queue has no redrive policy: a message that kills machines would do so for ever.",
            f"Set the queue's {policy}.",
        )
    if queue.redrive_arn != dlq.arn:
        return warning(
            _DLQ,
            f"The queue's redrive policy leads to {queue.redrive_arn}, CIS_DLQ_URL to {dlq.arn}: "
            "dead letters are in two places.",
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
        "real failures.",
    )


def _longer(queue: QueueFacts, dlq: QueueFacts) -> Finding | None:
    if dlq.retention_s is None or queue.retention_s is None or dlq.retention_s > queue.retention_s:
        return None
    return warning(
        _DLQ,
        f"It keeps messages {_days(dlq.retention_s)}, the queue {_days(queue.retention_s)}: a message keeps "
        "its age when it moves, and may be gone before anybody looks.",
        f"Set the dead-letter queue's MessageRetentionPeriod to {14 * _DAY_S} (14 days).",
    )


def _days(seconds: int | None) -> str:
    if seconds is None:
        return "for a time that is not told"
    return f"{seconds / _DAY_S:.3g} days" if seconds >= _DAY_S else f"{seconds} s"
