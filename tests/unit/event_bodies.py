"""Queue message bodies of every form, for tests of their parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote_plus


def native(**changes: object) -> dict[str, object]:
    return {"eventType": "FILE_UPLOADED", "s3Bucket": "nas", "s3Key": "a.pdf", **changes}


def record(*, name: str = "ObjectCreated:Put", bucket: str = "nas", **s3_object: object) -> dict[str, object]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2025-04-01T09:30:00.000Z",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": "a.pdf", **s3_object}},
    }


def eventbridge(*, kind: str = "Object Created", **s3_object: object) -> dict[str, object]:
    return {
        "version": "0",
        "detail-type": kind,
        "source": "aws.s3",
        "time": "2025-04-01T09:30:00Z",
        "detail": {"bucket": {"name": "nas"}, "object": {"key": "a.pdf", **s3_object}},
    }


def in_sns(inner: object) -> dict[str, object]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x:0:t", "Message": json.dumps(inner)}


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def encoded_record(key: str) -> dict[str, object]:
    return {"Records": [record(key=quote_plus(key, safe="/"))]}


ENVELOPES: dict[str, Callable[[str], dict[str, object]]] = {
    "native": lambda key: native(s3Key=key),
    "moved": lambda key: native(eventType="FILE_MOVED", s3Key=key, previousS3Key="old"),
    "s3": encoded_record,
    "eventbridge": lambda key: eventbridge(key=key),
    "sns native": lambda key: in_sns(native(s3Key=key)),
    "sns s3": lambda key: in_sns(encoded_record(key)),
    "sns eventbridge": lambda key: in_sns(eventbridge(key=key)),
}
KEYS = [
    "red flower 1.jpg",
    "a+b.pdf",
    "100%2B.pdf",
    "100%.pdf",
    "営業/報告書 (最終).pdf",
    "e\u0301.txt",
    "a/b/c",
    "../../etc/passwd",
    "/",
    " ",
    'quote".txt',
    "\N{GRINNING FACE}.png",
]
