"""Message bodies that do not fit the queue: kept in the results bucket, with a pointer in the message.

    bodies/<sha256>                                                   the body
    {"cis_body": {"bucket": ..., "key": ..., "sha256": ...}}          the message that stands for it

Nothing deletes a stored body but the lifecycle rule of its prefix: SQS may deliver a message once more after
its delete, and a message on the dead-letter queue is redriven days later.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from worker.aws.storage_handler import StorageHandler
from worker.errors import Code, DeadLetterError

PREFIX = "bodies/"
KEPT_DAYS = 60
"""Longer than a message can be on the queue, then on the dead-letter queue, and on the queue again."""

_FIELD = "cis_body"
_LARGEST_POINTER_CHARS = 1_000
# A body came from SQS, whose limit is 1 MiB; a record of it in JSON's escapes may be six times its size.
_LARGEST_BODY_BYTES = 8 * 1024**2
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageBodies:
    """Stores bodies, and resolves the pointers to them; raises the errors of StorageHandler."""

    storage: StorageHandler

    def store(self, body: str) -> str:
        """Store a body in the results bucket; returns the pointer to send in its place."""
        data = body.encode()
        digest = hashlib.sha256(data).hexdigest()
        key = f"{PREFIX}{digest}"
        self.storage.put(key, data, content_type="application/json")
        bucket = self.storage.results_bucket
        return json.dumps({_FIELD: {"bucket": bucket, "key": key, "sha256": digest}})

    def resolve(self, body: str) -> str:
        """The body that a pointer stands for; any other body as it is.

        Raises DeadLetterError (MALFORMED_MESSAGE) for a pointer that this worker did not write, or whose
        object is gone or altered.
        """
        pointer = _pointer(body)
        if pointer is None:
            return body
        digest = str(pointer.get("sha256"))
        # Anybody who may send to the queue can forge a pointer: it must not make the worker read elsewhere.
        expected = {"bucket": self.storage.results_bucket, "key": f"{PREFIX}{digest}", "sha256": digest}
        if not _SHA256.fullmatch(digest) or pointer != expected:
            raise _error(f"its {_FIELD} is not a body stored by this worker")
        data = self.storage.get(expected["key"], max_bytes=_LARGEST_BODY_BYTES)
        if data is None:
            raise _error(f"its body {expected['key']} is not in bucket {expected['bucket']} any more")
        if hashlib.sha256(data).hexdigest() != digest:
            raise _error(f"its body {expected['key']} was altered in bucket {expected['bucket']}")
        return data.decode(errors="replace")


def _pointer(body: str) -> dict[str, Any] | None:
    if len(body) > _LARGEST_POINTER_CHARS or _FIELD not in body:
        return None
    try:
        envelope = from_json(body.encode(), allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None
    match envelope:
        case {"cis_body": dict() as pointer} if len(envelope) == 1:
            return pointer
    return None


def _error(reason: str) -> DeadLetterError:
    return DeadLetterError(f"The message cannot be read: {reason}.", code=Code.MALFORMED_MESSAGE)
