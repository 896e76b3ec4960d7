"""Several records in one message: each has its own fate."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.dead_letter_messages import dead_letters, make_visible, metric
from tests.unit.event_bodies import eventbridge, in_sns, native, record
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def source(key: str, *, name: str = "ObjectCreated:Put", bucket: str = "source") -> dict[str, object]:
    return record(name=name, bucket=bucket, key=key, size=0)


ODD = [
    source("b", name="ObjectCreatedElsewhere:Put"),
    source("b", bucket="other"),
    source("%FF"),
    source(""),
    {"eventName": "ObjectCreated:Put"},
    "text",
]


def send(world: World, body: object) -> None:
    world.queue.send(json.dumps(body))


@pytest.mark.parametrize(("odd", "wrapped"), [(ODD[0], True), *((odd, False) for odd in ODD)])
def test_an_odd_record_is_dead_lettered_alone(world: World, odd: object, wrapped: bool) -> None:
    for key in ("a", "c"):
        world.put(key, b"")
    body = {"Records": [source("a"), odd, source("c")]}
    send(world, in_sns(body) if wrapped else body)
    world.work()
    assert [world.row(key).state for key in ("a", "c")] == [State.NO_CONTENT] * 2
    assert world.waiting() == 0
    (dead,) = dead_letters(world)
    assert json.loads(dead.body) == {"Records": [odd]}
    code = "source_not_allowed" if odd == source("b", bucket="other") else "malformed_message"
    assert dead.cis["code"] == code
    assert metric(world, f'cis_records_rejected_total{{code="{code}"}} 1.0')


def test_a_redriven_record_is_read_once_its_bucket_is_allowed(world: World) -> None:
    world.clients.s3.create_bucket(Bucket="other")
    world.clients.s3.put_object(Bucket="other", Key="b c", Body=b"")
    world.put("a", b"")
    send(world, {"Records": [source("a"), source("b+c", bucket="other")]})
    world.work()
    (dead,) = dead_letters(world)
    world.attempts.source_buckets = ("source", "other")
    world.queue.send(dead.body)
    world.work()
    world.bucket = "other"
    assert world.row("b c").state is State.NO_CONTENT
    assert dead_letters(world) == []


def test_a_message_of_odd_records_only_goes_as_it_came(world: World) -> None:
    body = {"Records": [source("a", bucket="other"), source("b", bucket="other")]}
    send(world, body)
    world.work()
    (dead,) = dead_letters(world)
    assert json.loads(dead.body) == body
    assert "1 more" in dead.cis["reason"]
    assert metric(world, 'cis_records_rejected_total{code="source_not_allowed"} 1.0')


def test_a_retry_of_a_neighbour_does_not_dead_letter_the_odd_record_again(world: World) -> None:
    for key in ("a", "c"):
        world.put(key, b"")
    send(world, {"Records": [source("a"), source("b", bucket="other"), source("c")]})
    # Each attempt reads the row of `a`, and cannot read that of `c`.
    for _ in range(2):
        world.fail("dynamodb", "GetItem", times=3, after=1)
        world.work()
        world.clock.now += 1_000
        assert dead_letters(world) == []
        make_visible(world)
    world.work()
    assert [world.row(key).state for key in ("a", "c")] == [State.NO_CONTENT] * 2
    assert len(dead_letters(world)) == 1


def test_a_file_that_must_wait_does_not_keep_its_neighbours_waiting(world: World) -> None:
    for key in ("a", "b"):
        world.put(key, b"")
    send(world, {"Records": [source("a"), source("b")]})
    world.fail("s3", "HeadObject", times=3)
    world.work()
    assert world.row("b").state is State.NO_CONTENT
    assert world.waiting() == 1
    make_visible(world)
    world.work()
    assert world.row("a").state is State.NO_CONTENT
    assert world.waiting() == 0


def test_failures_count_for_each_file_of_a_message(world: World) -> None:
    for key in ("a", "b", "c"):
        world.put(key, b"")
    send(world, {"Records": [source(key) for key in ("a", "b", "c")]})
    # Each write to it fails unforeseen.
    world.index.close()
    world.work()
    assert [world.row(key).failures for key in ("a", "b", "c")] == [1, 1, 1]
    assert [world.row(key).owner for key in ("a", "b", "c")] == [None] * 3


def test_a_file_that_another_attempt_holds_is_parked_when_its_neighbours_are_done(world: World) -> None:
    file = world.put("a", b"")
    world.put("b", b"")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    send(world, {"Records": [source("a"), source("b")]})
    world.work()
    assert len(world.parked) == 1
    assert world.row("b").state is State.NO_CONTENT


@pytest.mark.parametrize("previous", ["", "x" * 2_000, 5, None])
def test_the_good_half_of_a_move_is_processed(world: World, previous: object) -> None:
    world.put("new", b"")
    moved = native(eventType="FILE_MOVED", s3Bucket="source", s3Key="new", previousS3Key=previous)
    send(world, moved)
    world.work()
    assert world.row("new").state is State.NO_CONTENT
    (dead,) = dead_letters(world)
    assert "previousS3Key: " in dead.cis["reason"]
    assert json.loads(dead.body).get("s3Key") == ("new" if previous is None else previous)
    assert world.waiting() == 0


def test_the_delete_of_a_move_is_processed_although_its_new_key_is_odd(world: World) -> None:
    world.put("old", b"")
    world.announce("old")
    world.work()
    world.clients.s3.delete_object(Bucket="source", Key="old")
    send(world, native(eventType="FILE_MOVED", s3Bucket="source", s3Key="", previousS3Key="old"))
    world.work()
    assert world.row("old").state is State.TOMBSTONED
    (dead,) = dead_letters(world)
    assert json.loads(dead.body) == native(s3Bucket="source", s3Key="")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"Records": [source("a", name="ObjectAcl:Put")]}, "acl"),
        ({"Records": [source("a", name="ObjectRestore:Post")]}, "restore_posted"),
        ({"Records": [source("a", name="ObjectRestore:Delete")]}, "restore_expired"),
        ({"Records": [source("a", name="LifecycleTransition")]}, "lifecycle_transition"),
        ({"Records": [source("a", name="s3:IntelligentTiering")]}, "intelligent_tiering"),
        ({"Records": [source("a", name="Replication:OperationFailedReplication")]}, "replication"),
        ({"Records": [source("a", name="Replication:OperationNotTracked")]}, "replication"),
        (eventbridge(kind="Object ACL Updated", key="a"), "acl"),
        (eventbridge(kind="Object Restore Initiated", key="a"), "restore_posted"),
        (eventbridge(kind="Object Restore Expired", key="a"), "restore_expired"),
        (eventbridge(kind="Object Storage Class Changed", key="a"), "storage_class"),
        (eventbridge(kind="Object Access Tier Changed", key="a"), "intelligent_tiering"),
        ({"Event": "s3:TestEvent"}, "test"),
    ],
)
def test_a_known_event_that_needs_no_work_is_acknowledged_and_counted(
    world: World, body: Any, kind: str
) -> None:
    for form in (body, in_sns(body)):
        send(world, form)
        world.work()
    assert world.waiting() == 0
    assert dead_letters(world) == []
    assert metric(world, f'cis_events_ignored_total{{kind="{kind}"}} 2.0')
    assert world.table.read(world.message("a").file_id) is None


def test_an_ignored_record_keeps_no_neighbour_from_its_work(world: World) -> None:
    world.put("a", b"")
    send(world, {"Records": [source("x", name="ObjectAcl:Put"), source("a")]})
    world.work()
    assert world.row("a").state is State.NO_CONTENT
    assert dead_letters(world) == []


@pytest.mark.parametrize(
    "restored",
    [
        {"Records": [source("a.txt", name="ObjectRestore:Completed")]},
        {"Records": [source("a.txt", name="s3:ObjectRestore:Completed")]},
        {**eventbridge(kind="Object Restore Completed", key="a.txt"), "detail": source("a.txt")["s3"]},
    ],
)
def test_an_archived_object_is_found_by_name_and_read_after_its_restore(
    live: World, restored: dict[str, object]
) -> None:
    live.clients.s3.put_object(Bucket="source", Key="a.txt", Body=b"the words", StorageClass="GLACIER")
    live.announce("a.txt")
    live.work()
    row = live.row("a.txt")
    assert (row.state, row.reason) == (State.NO_CONTENT, "archived")
    assert [hit.page for hit in live.index.search("a.txt").hits] == [0]
    live.clients.s3.restore_object(Bucket="source", Key="a.txt", RestoreRequest={"Days": 1})
    send(live, restored)
    live.work()
    assert live.row("a.txt").state is State.INDEXED
    assert live.index.search("words").total == 1
    assert dead_letters(live) == []


def test_what_was_read_before_an_object_was_archived_stays(live: World) -> None:
    for storage_class in ("STANDARD", "GLACIER"):
        live.clients.s3.put_object(
            Bucket="source", Key="a.txt", Body=b"the words", StorageClass=storage_class
        )
        for cis in ({}, {"again": 1}) if storage_class == "GLACIER" else ({},):
            live.queue.send(json.dumps(native(s3Bucket="source", s3Key="a.txt")), cis=cis)
            live.work()
    assert live.row("a.txt").state is State.INDEXED
    assert live.index.search("words").total == 1


def test_an_object_archived_between_head_and_download_is_no_content(world: World) -> None:
    world.clients.s3.put_object(Bucket="source", Key="a", Body=b"text", StorageClass="DEEP_ARCHIVE")
    # S3 reports it as archived in the answer to the GET only.
    world.clients.s3.meta.events.register(
        "after-call.s3.HeadObject", lambda parsed, **_: parsed.pop("StorageClass")
    )
    world.announce("a")
    world.work()
    assert (world.row("a").state, world.row("a").reason) == (State.NO_CONTENT, "archived")


def test_an_object_stored_in_gzip_is_read_as_the_file_it_holds(live: World) -> None:
    text = "the words 営業".encode()
    for key, data, encoding in (("a.txt", gzip.compress(text), "gzip"), ("b.txt", text, "")):
        live.clients.s3.put_object(Bucket="source", Key=key, Body=data, ContentEncoding=encoding)
        live.announce(key)
        live.work()
    assert live.row("a.txt").state is State.INDEXED
    assert live.row("a.txt").content_hash == live.row("b.txt").content_hash
    (hit,) = live.index.search("words 営業").hits
    assert len(hit.also_at) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [(gzip.compress(b"text" * 999)[:-9], "corrupt"), (gzip.compress(bytes(3_000_000)), "bomb")],
    ids=["damaged", "bomb"],  # the bytes hold the time, and an id must be the same in every process
)
def test_gzip_that_is_damaged_or_a_bomb_is_no_content(live: World, data: bytes, reason: str) -> None:
    live.attempts.processor = replace(live.processor, max_file_bytes=1_000_000)
    live.clients.s3.put_object(Bucket="source", Key="a", Body=data, ContentEncoding="gzip")
    live.announce("a")
    live.work()
    assert (live.row("a").state, live.row("a").reason) == (State.NO_CONTENT, reason)
    assert list(live.work_root.glob("document-*")) == []


@pytest.mark.parametrize("size", [{}, {"fileSize": 0}])
def test_a_folder_marker_is_no_document(world: World, size: dict[str, int]) -> None:
    world.put("営業部/", b"")
    send(world, native(s3Bucket="source", s3Key="営業部/", **size))
    world.work()
    assert world.table.read(world.message("営業部/").file_id) is None
    assert world.waiting() == 0
    assert dead_letters(world) == []
    assert metric(world, 'cis_events_ignored_total{kind="folder_marker"} 1.0')


def test_the_delete_of_a_folder_marker_leaves_no_row(world: World) -> None:
    send(world, {"Records": [source("a/", name="ObjectRemoved:Delete")]})
    world.work()
    assert world.table.read(world.message("a/").file_id) is None
    assert world.waiting() == 0


def test_a_folder_marker_replaces_the_document_that_had_its_key(live: World) -> None:
    live.put("a/", b"the words")
    live.announce("a/")
    live.work()
    assert live.index.search("words").total == 1
    live.put("a/", b"")
    live.announce("a/")
    live.work()
    assert live.row("a/").state is State.TOMBSTONED
    assert live.index.search("words").total == 0
