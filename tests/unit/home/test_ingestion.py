"""A run of `ingest` as far as nothing has to be started for it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from worker.errors import JobInterrupted, MisconfiguredError
from worker.home.folder import Home
from worker.home.ingestion import IngestEnd, IngestRequest, Plan, ingest, plan_only
from worker.home.manifest import Manifest, ManifestEntry
from worker.home.name_filter import NameFilter
from worker.home.plan import Task
from worker.home.result import Result
from worker.home.result_keeper import Listener
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State

pytestmark = pytest.mark.unit


@dataclass
class Place:
    """A folder of documents and its home."""

    docs: Path
    home: Home
    results: list[Result] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    works: int = 0

    def ingest(self, *, prune: bool = False, is_stopped: Callable[[], bool] = lambda: False) -> IngestEnd:
        return ingest(self._request(prune=prune), self._listener(), is_stopped=is_stopped)

    def plan(self, *, is_stopped: Callable[[], bool] = lambda: False) -> Plan:
        return plan_only(self._request(prune=True), self._listener(), is_stopped=is_stopped)

    def _listener(self) -> Listener:
        return Listener(
            on_result=self.results.append,
            on_note=lambda path, why: self.notes.append((path, why)),
            on_progress=lambda _: None,
            on_work=self._begin,
        )

    def _begin(self) -> None:
        self.works += 1
        # Nothing is started here: a second Ctrl-C could come at this moment.
        raise KeyboardInterrupt

    def _request(self, *, prune: bool) -> IngestRequest:
        return IngestRequest(
            paths=(str(self.docs),),
            home=self.home,
            prune=prune,
            made_with="key",
            max_file_bytes=1_000,
            names=NameFilter(),
        )

    def know(self, path: Path) -> None:
        """Leave what an earlier run would have left of a file."""
        task = Task(path=str(path))
        document = Document(
            file_id=task.file_id,
            bucket="b",
            key=task.key,
            file_name=path.name,
            file_path=str(path),
            size_bytes=1,
            file_type=FileType.TEXT,
            state=State.INDEXED,
        )
        with (
            closing(Manifest(self.home.manifest_path)) as manifest,
            closing(SqliteIndex(self.home.index_path)) as index,
        ):
            index.index_document(document, version=1)
            manifest.put(
                ManifestEntry(
                    path=str(path),
                    file_id=task.file_id,
                    size_bytes=path.stat().st_size,
                    mtime_ns=path.stat().st_mtime_ns,
                    sha256="aa",
                    made_with="key",
                    state=State.INDEXED,
                )
            )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "docs").mkdir()
    (tmp_path / "home").mkdir()
    return Place(tmp_path / "docs", Home(folder=tmp_path / "home"))


def test_with_nothing_to_do_nothing_is_started(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    (place.docs / "link").symlink_to(place.docs)
    place.know(place.docs / "a.txt")
    assert place.ingest() == IngestEnd(interrupted=False, left=0)
    assert [(result.file_path, result.skipped) for result in place.results] == [
        (str(place.docs / "a.txt"), True)
    ]
    assert place.notes == [(str(place.docs / "link"), "a link to a folder: not followed")]
    made = {path.name for path in place.home.folder.iterdir()}
    assert made == {"index.sqlite3", "manifest.sqlite3", "lock"}


def test_to_plan_imports_neither_aws_nor_a_parser() -> None:
    code = "import json, sys, worker.home.ingestion; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    heavy = {"boto3", "botocore", "structlog", "rich", "numpy", "PIL", "moto"}
    assert set(json.loads(done.stdout)) & heavy == set()


def test_the_listener_hears_that_work_begins_and_only_then(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    place.know(place.docs / "a.txt")
    place.ingest()
    assert place.works == 0
    (place.docs / "b.txt").write_text("beta")
    with pytest.raises(KeyboardInterrupt):
        place.ingest()
    assert place.works == 1


def test_a_stop_while_the_folders_are_walked_ends_the_run(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    assert place.ingest(is_stopped=lambda: True) == IngestEnd(interrupted=True, left=0)
    assert place.results == []


def test_a_home_of_an_earlier_analysis_is_made_as_this_one_is(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    place.know(place.docs / "a.txt")
    with closing(sqlite3.connect(place.home.index_path)) as connection, connection:
        connection.execute("UPDATE analysis SET version = '0 none'")
        connection.execute("INSERT INTO page_terms (page_terms) VALUES ('delete-all')")
    assert place.ingest(is_stopped=lambda: True) == IngestEnd(interrupted=True, left=0)
    with closing(SqliteIndex(place.home.index_path)) as index:
        assert index.search("a.txt").total == 0
    place.ingest()
    with closing(SqliteIndex(place.home.index_path)) as index:
        assert index.search("a.txt").total == 1
    assert [message for _, message in place.notes] == ["words of 1 files made anew"]


@pytest.mark.parametrize("prune", [False, True])
def test_a_path_that_never_was_is_refused_and_no_home_is_made(tmp_path: Path, prune: bool) -> None:
    place = Place(tmp_path / "missing", Home(folder=tmp_path / "home"))
    with pytest.raises(MisconfiguredError, match="no such file or folder"):
        place.ingest(prune=prune)
    assert not place.home.folder.exists()


def test_without_prune_a_deleted_folder_is_refused_though_the_manifest_has_it(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    place.know(place.docs / "a.txt")
    (place.docs / "a.txt").unlink()
    place.docs.rmdir()
    with pytest.raises(MisconfiguredError, match="no such file or folder"):
        place.ingest()
    assert place.ingest(prune=True, is_stopped=lambda: True) == IngestEnd(interrupted=True, left=1)


def test_a_plan_alone_says_what_is_to_do_and_changes_nothing(place: Place) -> None:
    for name in ("new.txt", "known.txt", "gone.txt", ".hidden"):
        (place.docs / name).write_text(name)
    for name in ("known.txt", "gone.txt"):
        place.know(place.docs / name)
    (place.docs / "gone.txt").unlink()
    plan = place.plan()
    assert [(Path(task.path).name, task.deleted) for task in plan.tasks] == [
        ("new.txt", False),
        ("gone.txt", True),
    ]
    assert plan.left_out == 1
    assert [result.file_path for result in place.results] == [str(place.docs / "known.txt")]
    assert not (place.home.folder / "lock").exists()


def test_a_plan_for_a_new_home_makes_none(tmp_path: Path) -> None:
    place = Place(tmp_path / "docs", Home(folder=tmp_path / "home"))
    place.docs.mkdir()
    (place.docs / "a.txt").write_text("alpha")
    assert [task.path for task in place.plan().tasks] == [str(place.docs / "a.txt")]
    assert not place.home.folder.exists()
    with pytest.raises(JobInterrupted):
        place.plan(is_stopped=lambda: True)


def test_names_that_are_left_out_are_counted(place: Place) -> None:
    (place.docs / ".hidden").touch()
    assert place.ingest() == IngestEnd(interrupted=False, left=0, left_out=1)
