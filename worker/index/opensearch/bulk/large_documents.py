"""LargeDocuments: writes a document that is too large for one request.

Its parts go one by one into an entry of an index of their own, and the cluster copies the whole from there
under the document's version: it is one entry like any other, written at once or not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from worker.errors import Code, LeaseLostError, RejectedError, ServiceRefusedError, WorkerError
from worker.index.opensearch.bulk.bulk_writer import BulkAction, make_action
from worker.index.opensearch.calls import ClusterCalls
from worker.index.opensearch.client import (
    OpenSearch,
    RequestError,
    RequestTooLargeError,
    item_error,
    read_answer,
)
from worker.index.opensearch.documents import without_texts
from worker.index.opensearch.provisioning import ALREADY_EXISTS
from worker.index.opensearch.schema import Json
from worker.models.ledger import State

LEAST_PART_BYTES = 64 * 1024
"""A limit below it is none that a cluster is run with."""
_NAME = "files-parts"
_NEXT, _AT = "next_part", "staged_at"
_MAX_AGE = "now-1d"
"""What a killed worker left is removed after it."""
_COPY_S = 120.0

# A part that arrives a second time, after a lost answer, is not added again.
_APPEND = f"""
if (ctx._source.{_NEXT} != params.number) {{ ctx.op = 'none'; return; }}
ctx._source.{_NEXT} += 1;
for (field in params.part.entrySet()) {{
  def name = field.getKey(); def value = field.getValue(); def old = ctx._source[name];
  if (old instanceof List) {{ old.addAll(value); }}
  else {{ ctx._source[name] = old == null ? value : old + value; }}
}}
"""
_COPY = f"""
ctx._id = params.id; ctx._version = params.version;
ctx._source.remove('{_NEXT}'); ctx._source.remove('{_AT}');
"""
_ADVICE = (
    "Let the cluster, and a proxy before it, accept larger requests (http.max_content_length, "
    "client_max_body_size), or allow this user `_update` and `_reindex` with inline scripts; then rerun "
    "the file."
)


class LargeDocuments:
    """Writes one document in several requests."""

    def __init__(
        self,
        client: OpenSearch,
        *,
        calls: ClusterCalls,
        prefix: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._calls = calls
        self._index = f"{prefix}{_NAME}"
        self._now = now

    def write(self, action: BulkAction, *, part_bytes: int, refresh: bool) -> None:
        """Write the document of an action that was refused for its size.

        Raises LeaseLostError and RejectedError as a write of the whole does; ServiceRefusedError where the
        cluster cannot put it together.
        """
        source = json.loads(action.lines.splitlines()[1])
        while True:
            try:
                self._write(action, source, part_bytes, refresh=refresh)
            except RequestTooLargeError as error:
                part_bytes //= 2
                if part_bytes < LEAST_PART_BYTES:
                    raise ServiceRefusedError(f"{error} {_ADVICE}") from error
            else:
                return

    def _write(self, action: BulkAction, source: Json, part_bytes: int, *, refresh: bool) -> None:
        # The version is in the id: an attempt that lost the file must not add to another one's parts.
        entry = f"{action.file_id}-{action.version}"
        try:
            self._prepare()
            for number, part in enumerate(parts(source, part_bytes)):
                self._stage(entry, number, part)
            answer = self._run(
                f"write file {action.file_id} from its parts",
                lambda: self._copy(action, entry, refresh=refresh),
            )
        finally:
            # What cannot be removed now goes with what killed workers left.
            with suppress(WorkerError):
                self._calls.call("remove its parts", lambda: self._remove(entry))
        with read_answer(f"write file {action.file_id} from its parts"):
            error = _copy_error(action, answer)
        if error is not None:
            raise error

    def _run(self, what: str, function: Callable[[], Any]) -> Any:
        """A call that only a cluster without updates and scripts refuses."""
        try:
            return self._calls.call(what, function)
        except RequestTooLargeError:
            raise
        except (RejectedError, ServiceRefusedError) as error:
            raise ServiceRefusedError(f"{error} {_ADVICE}") from error

    def _prepare(self) -> None:
        """Create the index of parts, and remove what is left of attempts that were killed."""
        body = {
            "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
            "mappings": {"dynamic": False, "properties": {_AT: {"type": "date"}}},
        }

        def make() -> None:
            try:
                self._client.indices.create(index=self._index, body=body)
            except RequestError as error:
                if error.error != ALREADY_EXISTS:
                    raise
                old = {"query": {"range": {_AT: {"lt": _MAX_AGE}}}}
                self._client.delete_by_query(index=self._index, body=old, conflicts="proceed")

        self._run(f"create the index {self._index}", make)

    def _stage(self, entry: str, number: int, part: Json) -> None:
        at = datetime.fromtimestamp(self._now(), tz=UTC).isoformat(timespec="seconds")
        if number == 0:
            body = {**part, _NEXT: 1, _AT: at}
            self._run(
                "write the first part", lambda: self._client.index(index=self._index, id=entry, body=body)
            )
            return
        script = {"source": _APPEND, "params": {"number": number, "part": part}}
        self._run(
            f"add part {number}",
            lambda: self._client.update(index=self._index, id=entry, body={"script": script}),
        )

    def _copy(self, action: BulkAction, entry: str, *, refresh: bool) -> Any:
        self._client.indices.refresh(index=self._index)
        body = {
            "conflicts": "proceed",
            "source": {"index": self._index, "size": 1, "query": {"ids": {"values": [entry]}}},
            "dest": {"index": action.alias, "version_type": "external_gte"},
            "script": {"source": _COPY, "params": {"id": action.file_id, "version": action.version}},
        }
        return self._client.reindex(
            body=body,
            params={"require_alias": "true"},
            refresh="true" if refresh else "false",
            request_timeout=_COPY_S,
        )

    def _remove(self, entry: str) -> None:
        self._client.delete(index=self._index, id=entry, ignore=404)


def without_text(action: BulkAction, why: WorkerError) -> BulkAction | None:
    """The action with the entry's name and the reason instead of its text; None where it has no text."""
    source = json.loads(action.lines.splitlines()[1])
    if not source.get("pages"):
        return None
    short = without_texts(source)
    short["state"] = State.PARTIAL.value
    short["reason"] = Code.INDEX_REJECTED.value
    short["reason_message"] = str(why)
    return make_action(action.alias, action.file_id, action.version, short)


def parts(source: Mapping[str, Any], limit_bytes: int) -> Iterator[Json]:
    """A source in parts of about so many bytes as JSON: values that appended to each other give it again.

    Long texts are cut anywhere, lists between their elements; the first part has all of the rest.
    """
    part: Json = {
        name: [] if isinstance(value, list) else value
        for name, value in source.items()
        if not isinstance(value, str)
    }
    left = limit_bytes - _json_bytes(part)
    for name, piece in _pieces(source, max(1, limit_bytes // 4)):
        size = _json_bytes(piece)
        if size > left and part:
            yield part
            part, left = {}, limit_bytes
        part[name] = part[name] + piece if name in part else piece
        left -= size
    yield part


def _pieces(source: Mapping[str, Any], chars: int) -> Iterator[tuple[str, Any]]:
    for name, value in source.items():
        if isinstance(value, str):
            yield from ((name, value[start : start + chars]) for start in range(0, max(1, len(value)), chars))
        elif isinstance(value, list):
            yield from ((name, [element]) for element in value)


def _json_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _copy_error(action: BulkAction, answer: Mapping[str, Any]) -> WorkerError | None:
    """What an answer to the copy says: version conflicts are counted, other failures listed."""
    if answer["failures"]:
        failure = answer["failures"][0]
        item = {"_id": action.file_id, "status": failure["status"], "error": failure["cause"]}
        return item_error(f"index file {action.file_id}", item, version=action.version)
    if answer["version_conflicts"]:
        return LeaseLostError(
            f"The index holds a higher version of file {action.file_id}: version {action.version} is stale, "
            "another attempt owns the file",
            refused_by="index",
        )
    if answer["total"] != 1:
        raise ValueError("the parts are gone")
    return None
