"""BulkSender: sends the actions of a group as bulk requests that the cluster accepts.

Items that may succeed later are sent again. A request that is too large is sent in halves; a document that is
too large alone is put together in the cluster (see large_documents.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from worker.errors import ServiceRefusedError, ThrottledError, TransientError, UnavailableError, WorkerError
from worker.index.opensearch.bulk.bulk_writer import BulkAction, size_bytes
from worker.index.opensearch.bulk.large_documents import LEAST_PART_BYTES, LargeDocuments, without_text
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import (
    FieldMissingError,
    IndexBlockedError,
    IndexMissingError,
    OpenSearch,
    RequestTooLargeError,
    item_error,
    read_answer,
    translate_errors,
)
from worker.index.opensearch.provisioning import IndexMaker

_log = structlog.get_logger(__name__)


class BulkSender:
    """Shared by threads. Raises UnavailableError or ThrottledError when nothing of a request was written."""

    def __init__(self, client: OpenSearch, *, policy: IndexPolicy, maker: IndexMaker, prefix: str) -> None:
        self._client = client
        self._policy = policy
        self._maker = maker
        self._large = LargeDocuments(client, calls=ClusterCalls(client, policy), prefix=prefix)
        self._refused_bytes: int | None = None
        """The least that was refused for its size; a proxy's limit is not in any answer."""
        self._limit_bytes: int | None = None
        """What a request of several entries may have since."""

    def send(self, actions: Sequence[BulkAction], *, refresh: bool) -> Sequence[WorkerError | None]:
        """Write the actions; the error or None of each."""
        outcome: list[WorkerError | None] = []
        for group in self._groups(actions):
            outcome += self._send_in_halves(group, refresh=refresh)
        return outcome

    def _groups(self, actions: Sequence[BulkAction]) -> Iterator[Sequence[BulkAction]]:
        """The actions in groups below the known limit; one that is above it is alone."""
        group: list[BulkAction] = []
        for action in actions:
            if group and self._limit_bytes and size_bytes([*group, action]) > self._limit_bytes:
                yield group
                group = []
            group.append(action)
        yield group

    def _send_in_halves(
        self, actions: Sequence[BulkAction], *, refresh: bool
    ) -> Sequence[WorkerError | None]:
        if len(actions) == 1 and self._refused_bytes and size_bytes(actions) >= self._refused_bytes:
            return [self._put_together(actions[0], refresh=refresh)]
        try:
            outcome = self._send_until_written(actions, refresh=refresh)
        except RequestTooLargeError as error:
            self._lower_limit(size_bytes(actions))
            if len(actions) > 1:
                middle = len(actions) // 2
                halves = (actions[:middle], actions[middle:])
                return [each for half in halves for each in self._send_in_halves(half, refresh=refresh)]
            outcome = [error]
        return [
            self._put_together(action, refresh=refresh) if isinstance(error, RequestTooLargeError) else error
            for action, error in zip(actions, outcome, strict=True)
        ]

    def _lower_limit(self, refused_bytes: int) -> None:
        """From what was refused alone: a large document among small ones must not lower it each time."""
        self._refused_bytes = min(self._refused_bytes or refused_bytes, refused_bytes)
        self._limit_bytes = self._refused_bytes // 2
        _log.warning("request_too_large", bytes=refused_bytes, next_bytes=self._limit_bytes)

    def _put_together(self, action: BulkAction, *, refresh: bool) -> WorkerError | None:
        part_bytes = size_bytes([action]) // 2
        part_bytes = max(LEAST_PART_BYTES, min(self._limit_bytes or part_bytes, part_bytes))
        try:
            self._large.write(action, part_bytes=part_bytes, refresh=refresh)
        except ServiceRefusedError as error:
            short = without_text(action, error)
            if short is None:
                return error
            # A limit of the deployment is no fault of the file: found by its name it says what is missing.
            _log.error("document_too_large", bytes=size_bytes([action]), reason=str(error))
            return self._send_until_written([short], refresh=refresh)[0]
        except WorkerError as error:
            return error
        return None

    def _send_until_written(
        self, actions: Sequence[BulkAction], *, refresh: bool
    ) -> Sequence[WorkerError | None]:
        """One bulk request, repeated for the items that may succeed later; the error or None of each."""
        outcome: list[WorkerError | None] = [None] * len(actions)
        left = list(range(len(actions)))

        def attempt() -> None:
            errors = self._post([actions[number] for number in left], refresh=refresh)
            for number, error in zip(tuple(left), errors, strict=True):
                outcome[number] = error
                # Written, or refused for good: the item is not sent again.
                if not isinstance(error, TransientError | IndexMissingError):
                    left.remove(number)
            if left:
                raise self._prepare_retry(outcome[left[0]])

        try:
            self._policy.retry.call(attempt)
        except TransientError as error:
            for number in left:
                outcome[number] = outcome[number] or error
            if len(left) == len(actions):
                if isinstance(error.__cause__, FieldMissingError):
                    raise error.__cause__ from None
                raise
        return outcome

    def _post(self, actions: Sequence[BulkAction], *, refresh: bool) -> Sequence[WorkerError | None]:
        """One bulk request; the error or None of each item."""
        what = f"write {len(actions)} entries to OpenSearch"

        def post() -> Sequence[WorkerError | None]:
            with translate_errors(what):
                answer = self._client.bulk(
                    body=b"".join(action.lines for action in actions),
                    refresh="true" if refresh else "false",
                    # Without it a write to a missing alias would create an index with a guessed mapping.
                    require_alias="true",
                )
            with read_answer(what):
                errors = [_error_of(*pair) for pair in zip(actions, answer["items"], strict=True)]
            # The request itself succeeds, but nothing is written until the disks have room: an outage.
            if isinstance(errors[0], IndexBlockedError) and all(
                isinstance(error, IndexBlockedError) for error in errors
            ):
                raise errors[0]
            return errors

        return self._policy.breaker.call(post)

    def _prepare_retry(self, error: WorkerError | None) -> WorkerError:
        """Create what the indices lack; returns the error that makes RetryHandler try again."""
        if isinstance(error, IndexMissingError):
            self._maker.make_files()
            self._maker.make_images()
            retry = UnavailableError(f"{error} It was created just now.")
            # A field that is still refused at the last try is no outage: then `_send_until_written` raises
            # this cause.
            retry.__cause__ = error if isinstance(error, FieldMissingError) else None
            return retry
        return error if isinstance(error, ThrottledError | UnavailableError) else UnavailableError(str(error))


def _error_of(action: BulkAction, item: dict[str, Any]) -> WorkerError | None:
    return item_error(f"index file {action.file_id}", item["index"], version=action.version)
