"""What a run has to do, by disk and manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from worker.errors import MisconfiguredError
from worker.home.file_walk import FoundFile, Ignored, LeftOut
from worker.home.manifest import Manifest, ManifestEntry
from worker.home.plan import Need, Planner, Skipped, Task, need_of, object_key, require_paths
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State

pytestmark = pytest.mark.unit

KEY = "key model"


def never() -> None:
    """Do not stop."""


def entry_of(path: Path, **changes: object) -> ManifestEntry:
    task = Task(path=str(path))
    entry = ManifestEntry(
        path=str(path),
        file_id=task.file_id,
        size_bytes=7,
        mtime_ns=7,
        sha256=hashlib.sha256(b"content").hexdigest(),
        made_with=KEY,
        state=State.INDEXED,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "a.txt"
    path.parent.mkdir()
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize(
    ("changes", "mtime_ns", "need"),
    [
        ({}, 7, Need.NOTHING),
        ({}, 8, Need.NEW_ENTRY),
        ({"sha256": "another"}, 8, Need.WORK),
        ({"size_bytes": 8}, 7, Need.WORK),
        ({"made_with": "older"}, 7, Need.WORK),
        ({"state": State.DEAD_LETTERED}, 7, Need.WORK),
        ({"state": State.NO_CONTENT, "reason": "timeout"}, 7, Need.WORK),
        ({"state": State.NO_CONTENT, "reason": "encrypted"}, 7, Need.NOTHING),
        ({"vectors_pending": True}, 7, Need.WORK),
    ],
)
def test_what_a_file_needs_follows_from_its_entry(
    file: Path, changes: dict[str, object], mtime_ns: int, need: Need
) -> None:
    found = FoundFile(path=str(file), size_bytes=7, mtime_ns=mtime_ns)
    assert need_of(found, entry_of(file, **changes), made_with=KEY, stop=never) is need


def test_an_unchanged_file_is_not_even_opened(tmp_path: Path) -> None:
    found = FoundFile(path=str(tmp_path / "not there"), size_bytes=7, mtime_ns=7)
    assert need_of(found, entry_of(tmp_path / "not there"), made_with=KEY, stop=never) is Need.NOTHING


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Manifest]:
    with closing(Manifest(tmp_path / "manifest.sqlite3")) as opened:
        yield opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    opened = SqliteIndex(tmp_path / "index.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def planner(manifest: Manifest, index: SqliteIndex) -> Planner:
    return Planner(manifest=manifest, index=index, made_with=KEY, stop=never)


@pytest.fixture
def ingested(manifest: Manifest, index: SqliteIndex, file: Path) -> Callable[[], ManifestEntry]:
    def put() -> ManifestEntry:
        entry = entry_of(file, mtime_ns=file.stat().st_mtime_ns)
        manifest.put(entry)
        document = Document(
            file_id=entry.file_id,
            bucket="b",
            key="k",
            file_name="a.txt",
            file_path=str(file),
            size_bytes=7,
            file_type=FileType.TEXT,
            state=State.INDEXED,
        )
        index.index_document(document, version=1)
        return entry

    return put


def plan(planner: Planner, path: Path) -> list[Task | Skipped | Ignored | LeftOut]:
    return list(planner.plan([str(path)], home="/nowhere"))


def test_an_ingested_file_is_skipped_with_what_the_index_knows(
    planner: Planner, file: Path, ingested: Callable[[], ManifestEntry]
) -> None:
    ingested()
    (step,) = plan(planner, file)
    assert isinstance(step, Skipped)
    assert (step.result.skipped, step.result.file_type, step.result.file_path) == (True, "txt", str(file))


def test_a_touched_file_is_skipped_and_its_entry_gets_the_new_time(
    planner: Planner, manifest: Manifest, file: Path, ingested: Callable[[], ManifestEntry]
) -> None:
    ingested()
    os.utime(file, ns=(1, 1_234))
    (step,) = plan(planner, file)
    entry = manifest.get(str(file))
    assert isinstance(step, Skipped)
    assert entry is not None
    assert entry.mtime_ns == 1_234
    os.utime(file, ns=(1, 5_678))
    assert isinstance(plan(replace(planner, dry=True), file)[0], Skipped)
    assert manifest.get(str(file)) == entry


def test_a_changed_file_is_work_and_its_earlier_entry_goes_along(
    planner: Planner, file: Path, ingested: Callable[[], ManifestEntry]
) -> None:
    entry = ingested()
    file.write_bytes(b"other content")
    (step,) = plan(planner, file)
    assert isinstance(step, Task)
    assert (step.size_bytes, step.entry, step.file_id) == (13, entry, entry.file_id)


def test_a_file_that_the_index_lost_is_work(
    planner: Planner, index: SqliteIndex, file: Path, ingested: Callable[[], ManifestEntry]
) -> None:
    index.tombstone(ingested().file_id, version=2)
    (step,) = plan(planner, file)
    assert isinstance(step, Task)


@pytest.mark.parametrize("known", [False, True])
def test_a_file_that_cannot_be_read_is_reported_as_failed(
    planner: Planner, tmp_path: Path, manifest: Manifest, known: bool
) -> None:
    # It can be opened, but not read, not even by root.
    unreadable = tmp_path / "docs.txt"
    unreadable.symlink_to("/proc/self/mem")
    if known:
        manifest.put(entry_of(unreadable, size_bytes=0))
    (step,) = plan(planner, unreadable)
    assert isinstance(step, Skipped)
    assert (step.result.state, step.result.reason) == ("failed", "Input/output error")


def test_a_path_that_is_not_there_has_no_files(planner: Planner, tmp_path: Path) -> None:
    assert plan(planner, tmp_path / "missing") == []


def test_deleted_files_are_found_below_the_paths_only(
    planner: Planner, manifest: Manifest, file: Path, tmp_path: Path
) -> None:
    for path in (file, file.parent / "deleted.txt", tmp_path / "elsewhere.txt"):
        manifest.put(entry_of(path))
    tasks = planner.find_deleted([str(file.parent), str(file.parent)])
    assert [(task.path, task.deleted) for task in tasks] == [(str(file.parent / "deleted.txt"), True)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/docs/報告 書.pdf", "報告_書.pdf"),
        ("/docs/a\nb?.txt", "a_b_.txt"),
        ("/docs/" + "x" * 200 + ".pdf", "x" * 76 + ".pdf"),
        (os.fsdecode(b"/docs/\x93\xfa.txt"), "__.txt"),
    ],
)
def test_a_key_is_safe_and_keeps_the_name_readable(path: str, name: str) -> None:
    key = object_key(path)
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    assert key == f"home/{digest}/{name}"
    assert len(key.encode()) < 1024


def test_names_that_are_displayed_alike_have_different_keys() -> None:
    assert object_key(os.fsdecode(b"/a/\xff")) != object_key(os.fsdecode(b"/a/\xfe"))
    assert object_key("/a/x.txt") != object_key("/b/x.txt")


def test_a_missing_path_is_named_unless_it_may_be_missing(tmp_path: Path) -> None:
    missing = str(tmp_path / "no such")
    require_paths([missing, str(tmp_path)], may_be_missing=lambda path: path == missing)
    with pytest.raises(MisconfiguredError, match=r"no such file or folder: .*no such$"):
        require_paths([missing, str(tmp_path)], may_be_missing=lambda _: False)
