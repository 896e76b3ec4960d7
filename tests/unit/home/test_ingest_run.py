"""One run: what is sent, kept and counted, with AWS faked on the wire and the test as the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.home.ingest_world import World
from worker.aws.ledger_row import FileRow
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.errors import JobInterrupted
from worker.home.plan import Task
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Checkpoint, State

pytestmark = pytest.mark.unit


def test_a_finished_file_is_kept_and_its_source_object_removed(world: World) -> None:
    task = world.file("報告.txt")
    world.run.run([task])
    sha256 = hashlib.sha256(b"content").hexdigest()
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert (entry.sha256, entry.state, entry.made_with) == (sha256, State.INDEXED, "key")
    assert entry.mtime_ns == Path(task.path).stat().st_mtime_ns
    assert (world.run.home.folder / f"artifacts/{sha256}/txt-key").read_bytes() == b"pages of content"
    assert world.storage.keys("") == []
    assert world.source_keys() == []
    (result,) = world.results
    assert (result.state, result.file_path, result.skipped) == ("indexed", task.path, False)


def test_the_message_is_native_and_names_the_original_path(world: World) -> None:
    task = world.file("a.txt")
    world.run.run([task])
    assert world.seen == [
        {
            "eventType": "FILE_UPLOADED",
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": task.key,
            "fileSize": 7,
            "metadata": {"originalPath": task.path},
        }
    ]


def test_at_most_fifty_messages_are_queued(world: World) -> None:
    tasks = [world.file(f"{number}.txt", b"%d" % number) for number in range(70)]
    waiting = [7]
    turn = world.turn

    def slow_turn() -> None:
        if waiting and waiting[0]:
            waiting[0] -= 1
            return
        turn()

    world.run.worker.check = slow_turn  # type: ignore[method-assign]
    world.run.run(tasks)
    assert len(world.results) == 70
    assert world.most_queued == 50


def test_a_source_object_stays_while_its_message_may_come_back(world: World) -> None:
    world.keep_messages = True
    task = world.file("a.txt")
    world.run.run([task])
    assert world.manifest.get(task.path) is not None
    assert world.source_keys() == [task.key]


def test_a_known_content_is_seeded_before_its_message(world: World) -> None:
    sha256 = hashlib.sha256(b"content").hexdigest()
    folder = world.run.home.folder / "vectors" / sha256
    folder.mkdir(parents=True)
    (folder / "model-3").write_bytes(b"[1,2,3]")
    seeded: list[bytes | None] = []
    turn = world.turn

    def look_then_turn() -> None:
        seeded.append(world.storage.get(f"vectors/{sha256}/model-3"))
        turn()

    world.run.worker.check = look_then_turn  # type: ignore[method-assign]
    world.run.run([world.file("a.txt")])
    assert b"[1,2,3]" in seeded


def test_a_later_run_writes_over_what_an_earlier_one_left(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    first.run.run([first.file("a.txt", b"old")])
    second = make_world(fence=1_000, name="q2")
    task = second.file("a.txt", b"new")
    second.run.run([task])
    row = second.table.read(task.file_id)
    assert row is not None
    assert row.fence == 1_001
    document = second.index.document(task.file_id)
    assert document is not None
    assert document.content_hash == hashlib.sha256(b"new").hexdigest()
    assert not (second.run.home.folder / "artifacts" / hashlib.sha256(b"old").hexdigest()).exists()


def test_a_content_that_another_path_has_is_not_removed(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    first.run.run([first.file("a.txt", b"old"), first.file("b.txt", b"old")])
    second = make_world(fence=1_000, name="q2")
    second.run.run([second.file("a.txt", b"new")])
    assert (second.run.home.folder / "artifacts" / hashlib.sha256(b"old").hexdigest()).exists()


def test_a_deleted_file_is_removed_from_index_manifest_and_home(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    task = first.file("a.txt")
    first.run.run([task])
    second = make_world(fence=1_000, name="q2")
    second.run.run([Task(path=task.path, entry=second.manifest.get(task.path), deleted=True)])
    assert second.manifest.get(task.path) is None
    assert second.index.document(task.file_id) is None
    assert list((second.run.home.folder / "artifacts").iterdir()) == []
    assert [(result.state, result.reason) for result in second.results] == [("tombstoned", "object_gone")]


def test_a_dead_letter_is_reported_from_the_ledger(world: World) -> None:
    world.state = State.DEAD_LETTERED
    task = world.file("a.txt")
    world.run.run([task])
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert entry.is_unfinished
    assert [result.has_trouble for result in world.results] == [True]


def test_a_file_over_the_limit_is_indexed_by_name_without_an_upload(world: World) -> None:
    world.run.run([world.file("film.mp4", b"x" * 1_001)])
    assert world.seen == []
    assert [(result.state, result.reason) for result in world.results] == [("no_content", "too_large")]


def test_files_that_cannot_be_read_fail_alone(world: World) -> None:
    vanished = world.file("gone.txt")
    Path(vanished.path).unlink()
    unreadable = world.docs / "mem.txt"
    # It can be opened, but not read, not even by root.
    unreadable.symlink_to("/proc/self/mem")
    world.run.run([vanished, Task(path=str(unreadable)), world.file("a.txt")])
    assert [(result.state, result.reason) for result in world.results] == [
        ("failed", "Input/output error"),
        ("failed", "No such file or directory"),
        ("indexed", None),
    ]


def test_small_files_go_first_and_the_share_counts_bytes(world: World) -> None:
    tasks = [world.file(name, b"x" * size) for name, size in (("c", 900), ("a", 5), ("b", 70))]
    world.run.run([replace(task, size_bytes=task.size_bytes * 1_000) for task in tasks])
    assert [Path(result.file_path).name for result in world.results] == ["a", "b", "c"]
    assert world.progress[-1].share == 1
    assert (world.progress[-1].done, world.progress[-1].total) == (3, 3)


def test_the_file_that_is_read_for_longest_is_shown_with_its_time(world: World) -> None:
    tasks = [world.file("a", b"a"), world.file("b", b"bb")]
    turn = world.turn
    turns: list[int] = []

    def claim_then_work() -> None:
        turns.append(1)
        if len(turns) == 2:
            message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket=SOURCE_BUCKET, key=tasks[1].key)
            world.table.claim(message, message_id="m", version="v", seen=None, attempt="a")
        if len(turns) > 3:
            turn()

    world.run.worker.check = claim_then_work  # type: ignore[method-assign]
    world.run.run(tasks)
    shown = [progress for progress in world.progress if progress.current]
    assert {progress.current for progress in shown} == {"b"}
    assert [progress.share for progress in shown] == [0, 0]
    assert shown[1].current_s > shown[0].current_s


def test_an_interruption_keeps_what_is_finished_and_counts_what_is_left(world: World) -> None:
    tasks = [world.file(f"{number}.txt", b"%d" % number) for number in range(25)]
    world.stop_after = 10
    with pytest.raises(JobInterrupted):
        world.run.run(tasks)
    assert len(world.results) == 10
    assert world.run.left == 15
    assert len(list(world.manifest.entries())) == 10


def test_a_message_that_vanished_without_an_end_is_a_dead_letter(world: World) -> None:
    def lose_all() -> None:
        world.queue.delete(world.queue.receive(limit=10, wait_s=0))

    world.run.worker.check = lose_all  # type: ignore[method-assign]
    world.run.run([world.file("a.txt")])
    assert [(result.state, result.reason) for result in world.results] == [
        ("dead_lettered", "malformed_message")
    ]


def test_progress_counts_what_is_done_of_all(world: World) -> None:
    world.run.run([world.file("a.txt", b"a"), world.file("b.txt", b"b")])
    assert [(step.done, step.total) for step in world.progress][-1] == (2, 2)
    assert world.progress[-1].pages == 2


def test_a_file_is_reported_when_nothing_of_it_is_pending(world: World) -> None:
    world.end = replace(world.end, index_pending=True, vectors_pending=True)
    task = world.file("a.txt")
    turns: list[int] = []
    turn = world.turn

    def turn_then_fill() -> None:
        turn()
        turns.append(len(world.results))
        if len(turns) == 4:
            world.fill(task)

    world.run.worker.check = turn_then_fill  # type: ignore[method-assign]
    world.run.run([task])
    assert turns == [0, 0, 0, 0]
    assert [result.state for result in world.results] == ["indexed"]
    assert world.progress[-1].total == 1


def test_vectors_that_stay_pending_are_left_to_the_next_run(world: World) -> None:
    world.end = replace(world.end, vectors_pending=True)
    world.run.pending_timeout_s = 0.05
    task = world.file("a.txt")
    world.run.run([task])
    assert [result.state for result in world.results] == ["indexed"]
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert entry.is_unfinished


def test_a_stop_does_not_wait_for_pending_files(world: World) -> None:
    world.end = replace(world.end, vectors_pending=True)
    world.stop_after = 1
    with pytest.raises(JobInterrupted):
        world.run.run([world.file("a.txt")])
    assert [result.state for result in world.results] == ["indexed"]


def test_the_pages_of_an_unfinished_file_go_into_the_next_run(make_world: Callable[..., World]) -> None:
    world, begun = make_world(), list[Checkpoint]()
    world.run.worker.check = lambda: begun.extend(world.begin(pages=1))  # type: ignore[method-assign]
    world.stop_after = 1
    with pytest.raises(JobInterrupted):
        world.run.run([world.file("scan.pdf")])
    assert (world.run.left, world.run.pages_kept) == (1, 1)
    world.storage.delete_prefix("checkpoints/")
    again = make_world(fence=1_000, name="q2")
    rows, turn = list[FileRow](), again.turn

    def note_then_turn() -> None:
        rows.extend(again.table.rows())
        turn()

    again.run.worker.check = note_then_turn  # type: ignore[method-assign]
    again.run.run([again.file("scan.pdf")])
    assert [(row.checkpoint, row.version) for row in rows if not row.is_finished] == [(begun[0], "v")]
    assert again.run.pages_kept == 0
    assert not list((again.run.home.folder / "checkpoints").iterdir())
