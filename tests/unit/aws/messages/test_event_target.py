"""EventTarget: the forms of CIS_EVENTS_TARGET."""

from __future__ import annotations

import pytest

from worker.aws.messages.event_target import EventTarget, TargetKind
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "kind", "region", "name", "is_ordered"),
    [
        ("arn:aws:events:eu-west-1:123456789012:event-bus/default", "events", "eu-west-1", "default", False),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/a.fifo", "events", "eu-west-1", "a.fifo", False),
        ("arn:aws-cn:sns:cn-north-1:123456789012:topic", "sns", "cn-north-1", "topic", False),
        ("arn:aws:sns:eu-west-1:123456789012:topic.fifo", "sns", "eu-west-1", "topic.fifo", True),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", "sqs", "eu-west-1", "queue", False),
        ("https://sqs.ap-northeast-1.amazonaws.com/123456789012/q", "sqs", "ap-northeast-1", "q", False),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/q", "sqs", "eu-west-1", "q", False),
        ("http://127.0.0.1:4566/000000000000/q.fifo", "sqs", "", "q.fifo", True),
    ],
)
def test_a_bus_a_topic_and_a_queue_are_targets(
    text: str, kind: str, region: str, name: str, is_ordered: bool
) -> None:
    target = EventTarget.parse(text)
    assert (target.kind, target.address, target.region) == (TargetKind(kind), text, region)
    assert (target.name, target.is_ordered) == (name, is_ordered)


@pytest.mark.parametrize(
    "text",
    [
        "default",
        "arn:aws:events:eu-west-1:123456789012:rule/default",
        "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "arn:aws:sns:eu-west-1:123456789012:topic:5be8a5a4-subscription",
        "arn:aws:sqs:eu-west-1:12:queue",
        "https://example.com",
        "ftp://127.0.0.1/1/q",
        "http://[::1/q",
    ],
)
def test_anything_else_is_refused_with_what_to_give(text: str) -> None:
    with pytest.raises(MisconfiguredError, match=r"CIS_EVENTS_TARGET.*event-bus/NAME"):
        EventTarget.parse(text)


def test_the_workers_own_queue_is_found_in_both_forms() -> None:
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"
    for text in (url, f"{url}/", "arn:aws:sqs:eu-west-1:123456789012:work"):
        assert EventTarget.parse(text).is_queue(url)
    for text in (
        "arn:aws:sqs:eu-west-1:123456789012:other",
        "arn:aws:sqs:eu-west-1:210987654321:work",
        "arn:aws:sns:eu-west-1:123456789012:work",
    ):
        assert not EventTarget.parse(text).is_queue(url)
