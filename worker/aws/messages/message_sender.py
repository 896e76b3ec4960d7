"""Send a message with the worker's attribute `cis`, whatever the size of its body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from worker.aws.messages.received_message import cut_text
from worker.aws.messages.trace_ids import NO_IDS, TraceIds
from worker.aws.translation import translate_errors
from worker.runtime.trace import current

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

_ATTRIBUTE = "cis"
_LONGEST_DELAY_S = 900
# Of body and attributes together.
_LARGEST_MESSAGE_BYTES = 1_048_576


@dataclass(slots=True, eq=False)
class MessageSender:
    """Sends messages of one worker; `store_body` keeps a body that does not fit a queue.

    It returns the body to send in its place. Without it such a message is refused by SQS.
    """

    client: SQSClient
    store_body: Callable[[str], str] | None = None

    def send(
        self,
        url: str,
        body: str,
        cis: Mapping[str, Any],
        *,
        delay_s: int,
        trace_ids: TraceIds = NO_IDS,
    ) -> str:
        """Send to a queue, hidden for `delay_s` (0..900); returns the message's id.

        `trace_ids` are what its sender named the message that this is a copy of.
        """
        # JSON escapes every character that SQS forbids in an attribute. An empty attribute is refused.
        short = {name: cut_text(value) if isinstance(value, str) else value for name, value in cis.items()}
        if (trace := current()) is not None:
            short.setdefault("correlation", trace.correlation)
        attributes = trace_ids.attributes()
        if short:
            attributes[_ATTRIBUTE] = json.dumps(short)
        if self.store_body and _size_bytes(body, attributes) > _LARGEST_MESSAGE_BYTES:
            body = self.store_body(body)
        with translate_errors(f"send to {url}"):
            try:
                return self._send(url, body, attributes, delay_s)
            except ClientError as error:
                # The limit of one queue may be set lower than that of SQS.
                if not self.store_body or not _is_too_long(error):
                    raise
            return self._send(url, self.store_body(body), attributes, delay_s)

    def _send(self, url: str, body: str, attributes: Mapping[str, str], delay_s: int) -> str:
        typed: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        response = self.client.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes=typed,
            DelaySeconds=max(0, min(delay_s, _LONGEST_DELAY_S)),
        )
        return response["MessageId"]


def _size_bytes(body: str, attributes: Mapping[str, str]) -> int:
    """What SQS counts: the body, and name, type and value of each attribute."""
    return len(body.encode()) + sum(len(f"{name}String{value}") for name, value in attributes.items())


def _is_too_long(error: ClientError) -> bool:
    # SQS has one code for every invalid parameter: only its text names the length.
    return "must be shorter than" in str(error)
