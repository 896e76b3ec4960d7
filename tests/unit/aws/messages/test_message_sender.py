"""Messages that fit the queue, and bodies that do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from worker.aws.messages.message_sender import MessageSender
from worker.errors import TransientError

pytestmark = pytest.mark.unit

URL = "http://127.0.0.1:1/queue"
LIMIT = 1_048_576
ATTRIBUTE_BYTES = len("cisString") + len('{"code": "x"}')


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def sender(connect: Callable[[str], Any], wire: Any, sent: list[dict[str, Any]]) -> MessageSender:
    client = connect("sqs")
    client.meta.events.register(
        "before-parameter-build.sqs.SendMessage", lambda params, **_: sent.append(params)
    )
    wire.answer(b'{"MessageId": "m"}')
    return MessageSender(client)


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ("x" * (LIMIT - ATTRIBUTE_BYTES), False),
        ("x" * (LIMIT - ATTRIBUTE_BYTES + 1), True),
        ("営" * (LIMIT // 3), True),
    ],
)
def test_a_body_is_stored_when_it_does_not_fit_beside_its_attribute(
    sender: MessageSender, sent: list[dict[str, Any]], body: str, stored: bool
) -> None:
    kept: list[str] = []

    def store(text: str) -> str:
        kept.append(text)
        return "pointer"

    sender.store_body = store
    sender.send(URL, body, {"code": "x"}, delay_s=0)
    assert [len(text) for text in kept] == ([len(body)] if stored else [])
    assert (sent[0]["MessageBody"] == "pointer") is stored


def test_texts_are_cut_and_control_characters_replaced(
    sender: MessageSender, sent: list[dict[str, Any]]
) -> None:
    sender.send(URL, "b", {"reason": "a\nb" + "営" * 10_000, "count": 3}, delay_s=0)
    value = sent[0]["MessageAttributes"]["cis"]["StringValue"]
    assert len(value) < 2_048
    assert json.loads(value)["reason"].startswith("a b営営")
    assert json.loads(value)["count"] == 3


def test_without_a_store_the_queue_decides(connect: Callable[[str], Any], wire: Any) -> None:
    reason = "Reason: Message must be shorter than 2 bytes."
    wire.answer(json.dumps({"__type": "InvalidParameterValue", "message": reason}).encode(), status=400)
    with pytest.raises(TransientError, match="shorter"):
        MessageSender(connect("sqs")).send(URL, "body", {}, delay_s=0)
