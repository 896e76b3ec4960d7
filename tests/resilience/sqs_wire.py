"""The JSON protocol of SQS: a request as botocore sends it, and the response that it parses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.resilience.clock import Clock
from tests.resilience.sqs_errors import SqsError, invalid
from tests.resilience.sqs_messages import MAX_BYTES, Message, size_of
from tests.resilience.strict_sqs import Poll, Queue, StrictSqs

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

_JSON = "application/x-amz-json-1.0"


class SqsWire:
    """Answers the operations of one SQS.

    `fails_entry` decides, entry by entry of a batch, whether SQS reports a fault of its own in a 200.
    """

    def __init__(
        self, sqs: StrictSqs, clock: Clock, *, wall_ms: Callable[[float], int] = lambda now: int(now * 1000)
    ) -> None:
        self._sqs = sqs
        self._clock = clock
        self._wall_ms = wall_ms
        self.fails_entry: Callable[[], bool] = lambda: False
        self._operations: Mapping[str, Callable[[Json], Json]] = {
            "SendMessage": self._send,
            "SendMessageBatch": lambda request: self._batch(request, self._send),
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": lambda request: self._batch(request, self._delete),
            "ChangeMessageVisibility": self._hide,
            "ChangeMessageVisibilityBatch": lambda request: self._batch(request, self._hide),
            "GetQueueAttributes": self._attributes,
            "GetQueueUrl": self._url,
        }

    def answer(self, operation: str, body: bytes) -> Answer:
        """The response to one request; a receive waits on the clock for messages."""
        try:
            return (
                200,
                {"Content-Type": _JSON},
                json.dumps(self._operations[operation](json.loads(body))).encode(),
            )
        except SqsError as error:
            return error_answer(error)

    def open_poll(self, body: bytes) -> Poll:
        """What the server begins when it gets a receive, also where no client waits for the answer."""
        request = json.loads(body)
        return self._sqs.poll(
            request["QueueUrl"],
            limit=request.get("MaxNumberOfMessages", 1),
            wait_s=request.get("WaitTimeSeconds", 0),
            visibility_s=request.get("VisibilityTimeout"),
        )

    def _receive(self, request: Json) -> Json:
        poll = self.open_poll(json.dumps(request).encode())
        queue = poll.queue
        while poll.messages is None:
            self._clock.wait(queue.arrived, max(0.0, self._sqs.next_change(queue) - self._clock.now))
            self._sqs.serve(queue)
        received = [self._received(message, handle, request) for message, handle in poll.messages]
        return {"Messages": received} if received else {}

    def _received(self, message: Message, handle: str, request: Json) -> Json:
        system = {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(self._wall_ms(message.sent_at)),
            "ApproximateFirstReceiveTimestamp": str(self._wall_ms(next(iter(message.receives.values())))),
        }
        asked = {*request.get("MessageSystemAttributeNames", []), *request.get("AttributeNames", [])}
        names = request.get("MessageAttributeNames", [])
        attributes = {
            name: value for name, value in message.attributes.items() if {name, "All", ".*"} & set(names)
        }
        return {
            "MessageId": message.message_id,
            "ReceiptHandle": handle,
            "Body": message.body,
            "MD5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            **({"Attributes": {k: v for k, v in system.items() if {k, "All"} & asked}} if asked else {}),
            **({"MessageAttributes": attributes} if attributes else {}),
        }

    def _send(self, request: Json) -> Json:
        message = self._sqs.send(
            request["QueueUrl"],
            request.get("MessageBody", ""),
            request.get("MessageAttributes") or {},
            delay_s=request.get("DelaySeconds", 0),
        )
        digest = hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": message.message_id, "MD5OfMessageBody": digest}

    def _delete(self, request: Json) -> Json:
        self._sqs.delete(request["QueueUrl"], request["ReceiptHandle"])
        return {}

    def _hide(self, request: Json) -> Json:
        self._sqs.hide(request["QueueUrl"], request["ReceiptHandle"], request["VisibilityTimeout"])
        return {}

    def _batch(self, request: Json, operation: Callable[[Json], Json]) -> Json:
        entries = request.get("Entries", [])
        _check_batch(entries)
        successful, failed = [], []
        for entry in entries:
            try:
                if self.fails_entry():
                    raise SqsError("InternalError", "We encountered an internal error.", status=500)
                result = operation({"QueueUrl": request["QueueUrl"], **entry})
                successful.append({"Id": entry["Id"], **result})
            except SqsError as error:
                code, mine = error.query_code, error.status < 500
                failed.append({"Id": entry["Id"], "Code": code, "Message": str(error), "SenderFault": mine})
        return {"Successful": successful, "Failed": failed}

    def _attributes(self, request: Json) -> Json:
        queue, now = self._sqs.queue(request["QueueUrl"]), self._clock.now
        hidden = [message for message in queue.messages if not message.is_visible(now)]
        in_flight = sum(message.receive_count > 0 for message in hidden)
        values = {
            "QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{_name_of(queue)}",
            "ApproximateNumberOfMessages": str(len(queue.messages) - len(hidden)),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": str(len(hidden) - in_flight),
            "VisibilityTimeout": str(int(queue.visibility_s)),
            "MessageRetentionPeriod": str(int(queue.retention_s)),
            "MaximumMessageSize": str(MAX_BYTES),
        }
        if queue.dead_letters is not None:
            arn = f"arn:aws:sqs:us-east-1:123456789012:{_name_of(queue.dead_letters)}"
            policy = {"deadLetterTargetArn": arn, "maxReceiveCount": queue.max_receive_count}
            values["RedrivePolicy"] = json.dumps(policy)
        asked = set(request.get("AttributeNames", []))
        return {"Attributes": {name: value for name, value in values.items() if {name, "All"} & asked}}

    def _url(self, request: Json) -> Json:
        url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{request['QueueName']}"
        return {"QueueUrl": self._sqs.queue(url).url}


def error_answer(error: SqsError) -> Answer:
    """An error in the JSON protocol, with the older code beside it as botocore reads it."""
    fault = "Sender" if error.status < 500 else "Receiver"
    headers = {"Content-Type": _JSON, "x-amzn-query-error": f"{error.query_code};{fault}"}
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}
    return error.status, headers, json.dumps(body).encode()


def chance(random: Random, share: float) -> Callable[[], bool]:
    """A decision that is yes in this share of all cases."""
    return lambda: random.random() < share


def _check_batch(entries: list[Json]) -> None:
    if not entries:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > 10:
        raise SqsError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are 10, not {len(entries)}.",
        )
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise SqsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    if (
        sum(size_of(entry.get("MessageBody", ""), entry.get("MessageAttributes") or {}) for entry in entries)
        > MAX_BYTES
    ):
        raise SqsError("BatchRequestTooLong", f"Batch requests cannot be longer than {MAX_BYTES} bytes.")
    for entry in entries:
        if not 1 <= len(entry["Id"]) <= 80:
            raise invalid("A batch entry id is 1 to 80 characters long.", name="Id", value=entry["Id"])


def _name_of(queue: Queue) -> str:
    return queue.url.rsplit("/", 1)[-1]
