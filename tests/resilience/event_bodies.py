"""Queue bodies that announce one object, in the forms that S3 and the mirror send."""

from __future__ import annotations

import json
from random import Random
from urllib.parse import quote_plus

BUCKET = "source"


def body_of(key: str, *, removed: bool, number: int, random: Random) -> str:
    """A body in any of the forms; sequencers have mixed lengths, so no comparison of them is always right."""
    sequencer = f"{number:x}".rjust(random.choice((4, 8, 16)), "0").ljust(random.choice((8, 16)), "0")
    forms = (_native, _s3, _sns, _event_bridge)
    return json.dumps(random.choice(forms)(key, removed, sequencer))


def _native(key: str, removed: bool, _sequencer: str) -> dict[str, object]:
    return {"eventType": "FILE_DELETED" if removed else "FILE_UPLOADED", "s3Bucket": BUCKET, "s3Key": key}


def moved_body(old: str, new: str) -> str:
    """The body of a move."""
    return json.dumps({"eventType": "FILE_MOVED", "s3Bucket": BUCKET, "s3Key": new, "previousS3Key": old})


def records_body(*objects: tuple[str, str]) -> str:
    """The body of one notification about new objects, each a bucket and a key."""
    records = [_record("ObjectCreated:Put", bucket, key, "0001") for bucket, key in objects]
    return json.dumps({"Records": records})


def _s3(key: str, removed: bool, sequencer: str) -> dict[str, object]:
    name = "ObjectRemoved:Delete" if removed else "ObjectCreated:Put"
    return {"Records": [_record(name, BUCKET, key, sequencer)]}


def _record(event: str, bucket: str, key: str, sequencer: str) -> dict[str, object]:
    detail = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "sequencer": sequencer}}
    return {"eventVersion": "2.1", "eventName": event, "s3": detail}


def _sns(key: str, removed: bool, sequencer: str) -> dict[str, object]:
    return {"Type": "Notification", "Message": json.dumps(_s3(key, removed, sequencer))}


def _event_bridge(key: str, removed: bool, sequencer: str) -> dict[str, object]:
    kind = "Object Deleted" if removed else "Object Created"
    return {
        "detail-type": kind,
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "sequencer": sequencer}},
    }
