"""A new image is opened by its claim, so that its bytes need no further call; what is opened is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.file_table import Commit
from worker.delivery.claims import FolderMarker, HeldByOther
from worker.errors import DeadLetterError, SourceRefusedError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Job, State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def calls(world: World) -> list[str]:
    made: list[str] = []
    world.clients.s3.meta.events.register(
        "before-send.s3", lambda event_name, **_: made.append(event_name[15:])
    )
    return made


def nothing() -> None:
    """No stop."""


def test_a_new_image_is_read_with_one_call(world: World, calls: list[str], tmp_path: Path) -> None:
    file = world.put("a.PNG", b"picture")
    calls.clear()
    job = world.claim(file)
    assert job.opened is not None
    local = world.storage.save(job.opened, tmp_path / "original", stop=nothing)
    assert (tmp_path / "original").read_bytes() == b"picture"
    assert job.version is not None
    assert local.version == job.version
    assert calls == ["GetObject"]


def test_what_was_opened_is_the_version_that_was_claimed(world: World, tmp_path: Path) -> None:
    job = world.claim(world.put("a.png", b"first"))
    world.put("a.png", b"second")
    assert job.opened is not None
    world.storage.save(job.opened, tmp_path / "original", stop=nothing)
    assert (tmp_path / "original").read_bytes() == b"first"
    assert job.version is not None
    assert job.version.version == world.row("a.png").version


@pytest.mark.parametrize("key", ["a.txt", "a"])
def test_other_files_are_only_looked_up(world: World, calls: list[str], key: str) -> None:
    file = world.put(key)
    calls.clear()
    assert world.claim(file).opened is None
    assert calls == ["HeadObject"]


def test_a_known_image_and_a_deleted_one_are_only_looked_up(world: World, calls: list[str]) -> None:
    file = world.put("a.png", b"one")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    world.put("a.png", b"two")
    calls.clear()
    assert world.claim(file).opened is None
    deleted = FileMessage(event_type=EventType.FILE_DELETED, bucket="source", key="gone.png")
    assert world.claim(deleted).version is None
    assert calls == ["HeadObject", "HeadObject", "HeadBucket"]


def test_an_image_that_is_gone_is_claimed_without_a_version(world: World, calls: list[str]) -> None:
    job = world.claim(world.message("gone.png"))
    assert (job.version, job.opened) == (None, None)
    assert calls == ["GetObject"]
    assert isinstance(world.claimer.claim(world.message("folder.png/"), message_id="m"), FolderMarker)
    world.put("folder.png/", b"")
    assert isinstance(world.claimer.claim(world.message("folder.png/"), message_id="m"), FolderMarker)


def test_of_an_archived_image_the_metadata_are_read(world: World) -> None:
    world.clients.s3.put_object(Bucket="source", Key="a.png", Body=b"x", StorageClass="GLACIER")
    job = world.claim(world.message("a.png"))
    assert job.version is not None
    assert job.version.is_archived
    assert job.opened is None


def test_a_missing_bucket_is_refused(world: World) -> None:
    message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="missing", key="a.png")
    with pytest.raises((SourceRefusedError, DeadLetterError)):
        world.claimer.claim(message, message_id="m")


def test_a_claim_that_is_lost_closes_what_it_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.put("a.png")
    opened: list[Any] = []
    real = world.storage.open

    def open_and_lose(bucket: str, key: str) -> Any:
        opened.append(real(bucket, key))
        world.other.claim(file, message_id="m2", version="v", seen=None, attempt="theirs")
        return opened[-1]

    monkeypatch.setattr(world.storage, "open", open_and_lose)
    assert isinstance(world.claimer.claim(file, message_id="m1"), HeldByOther)
    assert is_closed(opened[0].body)


def test_an_attempt_that_ends_before_the_download_closes_what_was_opened(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed: list[Job] = []
    real = live.claimer.claim

    def claim(*arguments: Any, **options: Any) -> Any:
        claimed.append(real(*arguments, **options))  # type: ignore[arg-type]
        return claimed[-1]

    monkeypatch.setattr(type(live.claimer), "claim", lambda _self, *a, **o: claim(*a, **o))
    live.put("a.png", b"x" * 1_000_001)
    live.announce("a.png")
    live.work()
    assert live.row("a.png").reason == "too_large"
    assert claimed[0].opened is not None
    assert is_closed(claimed[0].opened.body)


def is_closed(body: Any) -> bool:
    return bool(body._raw_stream.closed)
