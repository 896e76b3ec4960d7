"""Who may see a file, and what is known of it, from object and message to ledger and index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.dead_letter_messages import metric
from tests.unit.event_bodies import eventbridge, record
from tests.unit.pending_documents import TEXT, indexed_document
from tests.unit.test_attempt_dead_letters import refuse_heads, work_until_dead_lettered
from worker.models.ledger import State
from worker.models.metadata import FileMetadata

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

KEY = "a.txt"
READ = 'cis_pages_total{source="file"} 1.0'


def _put(world: World, *, metadata: dict[str, str], tags: str = "") -> None:
    world.clients.s3.put_object(Bucket="source", Key=KEY, Body=TEXT, Metadata=metadata, Tagging=tags)


def _tag(world: World, groups: str) -> None:
    tags = [{"Key": "cis-groups", "Value": groups}]
    world.clients.s3.put_object_tagging(Bucket="source", Key=KEY, Tagging={"TagSet": tags})  # type: ignore[typeddict-item]


def _send(world: World, body: object) -> None:
    world.queue.send(json.dumps(body))
    world.work()
    assert world.waiting() == 0


def _upload(world: World, **changes: object) -> None:
    body = {"eventType": "FILE_UPLOADED", "s3Bucket": "source", "s3Key": KEY}
    _send(world, {**body, "uploadedAt": "2024-06-01T09:00:00+09:00", **changes})


def _tagged(world: World, name: str = "ObjectTagging:Put") -> None:
    _send(world, {"Records": [record(name=name, bucket="source", key=KEY)]})


def _known(world: World) -> FileMetadata:
    """What ledger and index know; the same."""
    known = world.row(KEY).metadata
    assert indexed_document(world, KEY).metadata == known
    return known


def test_message_and_object_say_what_is_known(live: World) -> None:
    _put(live, metadata={"cis-modified": "2019-04-01T00:00:00Z", "cis-groups": "legal,%E5%96%B6%E6%A5%AD"})
    _upload(live, metadata={"mimeType": "text/x-log"})
    assert _known(live) == FileMetadata(
        uploaded_at="2024-06-01T00:00:00Z",
        last_modified="2019-04-01T00:00:00Z",
        mime_type="text/x-log",
        allowed_groups=("legal", "営業"),
    )


@pytest.mark.parametrize("sent", [None, "application/octet-stream"])
def test_a_type_that_is_not_sent_is_the_one_that_was_found(live: World, sent: str | None) -> None:
    _put(live, metadata={})
    _upload(live, metadata={"mimeType": sent})
    assert (_known(live).mime_type, _known(live).allowed_groups) == ("text/plain", ())


def test_a_tag_goes_before_the_metadata_and_a_new_one_is_written_without_reading(live: World) -> None:
    _put(live, metadata={"cis-groups": "legal"}, tags="cis-groups=sales")
    _upload(live)
    assert _known(live).allowed_groups == ("sales",)
    _tag(live, "audit/board")
    _tagged(live)
    assert _known(live).allowed_groups == ("audit", "board")
    assert _known(live).uploaded_at == "2024-06-01T00:00:00Z"
    live.clients.s3.delete_object_tagging(Bucket="source", Key=KEY)
    _send(live, eventbridge(kind="Object Tags Deleted", key=KEY) | _detail())
    assert _known(live).allowed_groups == ("legal",)
    assert metric(live, READ)
    assert indexed_document(live, KEY).pages[0].text


def _detail() -> dict[str, object]:
    return {"detail": {"bucket": {"name": "source"}, "object": {"key": KEY}}}


def test_a_tag_that_names_no_groups_changes_nothing(live: World) -> None:
    _put(live, metadata={})
    _upload(live)
    fence = live.row(KEY).fence
    live.clients.s3.put_object_tagging(
        Bucket="source", Key=KEY, Tagging={"TagSet": [{"Key": "scanned", "Value": "clean"}]}
    )
    _tagged(live)
    assert live.row(KEY).fence == fence


def test_a_file_that_no_event_announced_is_read_when_it_is_tagged(live: World) -> None:
    _put(live, metadata={}, tags="cis-groups=sales")
    _tagged(live, "s3:ObjectTagging:Put")
    assert (live.row(KEY).state, _known(live).allowed_groups) == (State.INDEXED, ("sales",))


def test_a_file_that_is_dead_lettered_stays_hidden(live: World) -> None:
    _put(live, metadata={"cis-groups": "legal"})
    _upload(live)
    _put(live, metadata={"cis-groups": "legal", "changed": "yes"})
    live.announce(KEY)
    refuse_heads(live)
    work_until_dead_lettered(live)
    assert (live.row(KEY).state, _known(live).allowed_groups) == (State.DEAD_LETTERED, ("legal",))
    assert live.index.document(live.message(KEY).file_id, groups=["sales"]) is None
