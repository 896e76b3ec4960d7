"""The home folder: its lock, and the objects that go into the results bucket and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.aws.storage_handler import StorageHandler
from worker.errors import MisconfiguredError
from worker.home.folder import Home

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(folder=tmp_path / "home")


def test_the_objects_of_a_content_move_home_and_can_be_seeded_again(
    home: Home, storage: StorageHandler
) -> None:
    objects = {"artifacts/aa/pdf-k": b"pages", "thumbnails/aa/k.webp": b"webp", "vectors/aa/m-1024": b"[]"}
    for key, data in {**objects, "artifacts/aab/pdf-k": b"another content"}.items():
        storage.put(key, data)
    home.collect(storage, "aa")
    assert storage.keys("") == ["artifacts/aab/pdf-k"]
    assert (home.folder / "thumbnails" / "aa" / "k.webp").read_bytes() == b"webp"
    home.seed(storage, "aa")
    assert {key: storage.get(key) for key in objects} == objects


def test_a_better_result_replaces_the_former_one(home: Home, storage: StorageHandler) -> None:
    for data in (b"timed out", b"all of it"):
        storage.put("artifacts/aa/pdf-k", data)
        home.collect(storage, "aa")
    assert (home.folder / "artifacts" / "aa" / "pdf-k").read_bytes() == b"all of it"


def test_a_half_written_copy_is_never_seeded(home: Home, storage: StorageHandler) -> None:
    folder = home.folder / "artifacts" / "aa"
    folder.mkdir(parents=True)
    (folder / ".tmp123").write_bytes(b"half")
    home.seed(storage, "aa")
    assert storage.keys("") == []


def test_nothing_is_left_of_a_removed_content(home: Home, storage: StorageHandler) -> None:
    storage.put("artifacts/aa/pdf-k", b"pages")
    home.collect(storage, "aa")
    home.forget("aa")
    assert list((home.folder / "artifacts").iterdir()) == []


def test_two_processes_may_not_ingest_into_one_home(home: Home) -> None:
    second = Home(folder=home.folder).lock()
    with home.lock(), pytest.raises(MisconfiguredError, match="another cis-worker ingest is running"):
        second.__enter__()
    with home.lock():
        pass


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(MisconfiguredError, match="make sure that it is a folder"),
        Home(folder=tmp_path / "file").lock(),
    ):
        pytest.fail("it was locked")


def test_a_home_without_an_index_names_the_command_that_creates_one(home: Home) -> None:
    with pytest.raises(MisconfiguredError, match=r"nothing was ingested into .* yet: cis-worker ingest PATH"):
        home.require()
