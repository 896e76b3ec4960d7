"""Queues as a test describes them: each fault alone, on a set-up that is right otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from worker.aws.inspection import QueueFacts
from worker.aws.queue_manager import QueueDepth
from worker.config import Settings, load_settings
from worker.errors import MisconfiguredError
from worker.operation.finding import Finding, Level
from worker.operation.queues import ReadQueue, queue_checks

pytestmark = pytest.mark.unit

DAY_S = 86_400
EMPTY = QueueDepth(visible=0, in_flight=0, delayed=0)
DLQ = QueueFacts(arn="arn:dlq", depth=EMPTY, visibility_s=30, retention_s=14 * DAY_S)
QUEUE = QueueFacts(
    arn="arn:queue",
    depth=EMPTY,
    visibility_s=120,
    retention_s=14 * DAY_S,
    redrive_arn="arn:dlq",
    max_receive_count=100,
)


def _reading(queues: Mapping[str, QueueFacts]) -> ReadQueue:
    def read(url: str) -> QueueFacts:
        if url not in queues:
            raise MisconfiguredError(f"no queue {url}")
        return queues[url]

    return read


def _settings(**changes: str) -> Settings:
    return load_settings(**{"queue_url": "the-queue", "dlq_url": "the-dlq", **changes})


def _found(settings: Settings, queues: Mapping[str, QueueFacts]) -> dict[str, list[Finding]]:
    found = {}
    for check in queue_checks(settings, _reading(queues)):
        try:
            found[check.subject] = list(check.run())
        except MisconfiguredError as error:
            found[check.subject] = [check.error_finding(error)]
    return found


def test_queues_as_init_makes_them_are_fine() -> None:
    found = _found(_settings(), {"the-queue": QUEUE, "the-dlq": DLQ})
    assert [finding.level for each in found.values() for finding in each] == [Level.OK, Level.OK]


@pytest.mark.parametrize(
    ("queue", "dlq", "subject", "level", "message", "advice"),
    [
        (
            replace(QUEUE, redrive_arn=None, max_receive_count=None),
            DLQ,
            *("dead-letter queue", Level.FAILURE, "no redrive policy", '"deadLetterTargetArn":"arn:dlq"'),
        ),
        (
            replace(QUEUE, redrive_arn="arn:other"),
            DLQ,
            *("dead-letter queue", Level.WARNING, "arn:other", "CIS_DLQ_URL"),
        ),
        (
            replace(QUEUE, max_receive_count=19),
            DLQ,
            *("dead-letter queue", Level.WARNING, "maxReceiveCount is 19", "to 100"),
        ),
        (
            QUEUE,
            replace(DLQ, retention_s=4 * DAY_S),
            *("dead-letter queue", Level.WARNING, "keeps messages 4 days", "1209600"),
        ),
        (
            replace(QUEUE, retention_s=3600),
            DLQ,
            *("queue", Level.WARNING, "after 3600 s", "MessageRetentionPeriod"),
        ),
        (replace(QUEUE, fifo=True), DLQ, *("queue", Level.FAILURE, "FIFO", "standard queue")),
    ],
)
def test_each_fault_is_named_with_its_fix(
    queue: QueueFacts, dlq: QueueFacts, subject: str, level: Level, message: str, advice: str
) -> None:
    found = _found(_settings(), {"the-queue": queue, "the-dlq": dlq})
    (fault,) = found[subject]
    assert fault.level is level
    assert message in fault.message
    assert advice in fault.advice


def test_twenty_receives_are_enough() -> None:
    found = _found(_settings(), {"the-queue": replace(QUEUE, max_receive_count=20), "the-dlq": DLQ})
    assert found["dead-letter queue"][0].level is Level.OK


def test_several_faults_are_reported_together() -> None:
    queue = replace(QUEUE, redrive_arn="arn:other", max_receive_count=3)
    found = _found(_settings(), {"the-queue": queue, "the-dlq": replace(DLQ, retention_s=DAY_S)})
    assert len(found["dead-letter queue"]) == 3


@pytest.mark.parametrize(
    ("changes", "subject", "variable"),
    [
        ({"queue_url": ""}, "queue", "CIS_QUEUE_URL"),
        ({"queue_url": "wrong"}, "queue", "CIS_QUEUE_URL"),
        ({"dlq_url": ""}, "dead-letter queue", "CIS_DLQ_URL"),
        ({"dlq_url": "wrong"}, "dead-letter queue", "CIS_DLQ_URL"),
        ({"dlq_url": "the-queue"}, "dead-letter queue", "CIS_DLQ_URL"),
    ],
)
def test_a_url_that_is_missing_or_wrong_is_a_failure(
    changes: dict[str, str], subject: str, variable: str
) -> None:
    found = _found(_settings(**changes), {"the-queue": QUEUE, "the-dlq": DLQ})
    (fault,) = found[subject]
    assert fault.level is Level.FAILURE
    assert variable in f"{fault.message} {fault.advice}"


@pytest.mark.parametrize("url", ["", "wrong"])
def test_a_wrong_work_queue_is_no_fault_of_the_dead_letter_queue(url: str) -> None:
    found = _found(_settings(queue_url=url), {"the-dlq": DLQ})
    assert found["queue"][0].level is Level.FAILURE
    assert found["dead-letter queue"][0].level is Level.OK
