"""The manifest of a home folder."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from worker.errors import MisconfiguredError
from worker.home.manifest import Manifest, ManifestEntry
from worker.models.ledger import State

pytestmark = pytest.mark.unit

ENTRY = ManifestEntry(
    path="/docs/報告.pdf",
    file_id="f1",
    size_bytes=10,
    mtime_ns=1_700_000_000_123_456_789,
    sha256="aa",
    made_with="key model",
    state=State.INDEXED,
)


def entry_of(path: str, **changes: object) -> ManifestEntry:
    return replace(ENTRY, path=path, file_id=f"id of {path!r}", **changes)  # type: ignore[arg-type]


def test_an_entry_is_there_when_the_manifest_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite3"
    written = replace(ENTRY, state=State.NO_CONTENT, reason="encrypted", vectors_pending=True)
    with closing(Manifest(path)) as manifest:
        manifest.put(ENTRY)
        manifest.put(written)
    with closing(Manifest(path)) as manifest:
        assert manifest.get(ENTRY.path) == written
        assert manifest.get("/docs/other.pdf") is None


def test_a_path_that_is_no_utf8_comes_back_as_the_same_bytes(tmp_path: Path) -> None:
    path = os.fsdecode(b"/docs/\x93\xfa\x96{.txt")
    with closing(Manifest(tmp_path / "m")) as manifest:
        manifest.put(entry_of(path))
        found = manifest.get(path)
    assert found is not None
    assert os.fsencode(found.path) == b"/docs/\x93\xfa\x96{.txt"


@pytest.mark.parametrize(
    ("folder", "paths"),
    [
        ("/a", ["/a/b", "/a/b/c"]),
        ("/a/b", ["/a/b", "/a/b/c"]),
        ("/", ["/a/b", "/a/b/c", "/a0", "/b"]),
        ("/c", []),
    ],
)
def test_below_a_folder_is_what_lies_in_it_and_no_neighbour(
    tmp_path: Path, folder: str, paths: list[str]
) -> None:
    with closing(Manifest(tmp_path / "m")) as manifest:
        for path in ("/a0", "/a/b/c", "/a/b", "/b"):
            manifest.put(entry_of(path))
        assert [entry.path for entry in manifest.below(folder)] == paths


def test_a_content_is_held_until_its_last_path_is_removed(tmp_path: Path) -> None:
    with closing(Manifest(tmp_path / "m")) as manifest:
        manifest.put(entry_of("/a"))
        manifest.put(entry_of("/b"))
        manifest.remove("/a")
        assert manifest.has_content("aa")
        manifest.remove("/b")
        assert not manifest.has_content("aa")


def test_runs_are_counted_across_openings(tmp_path: Path) -> None:
    for earlier in range(3):
        with closing(Manifest(tmp_path / "m")) as manifest:
            assert manifest.begin_run() == earlier


@pytest.mark.parametrize(
    ("changes", "unfinished"),
    [
        ({}, False),
        ({"state": State.NO_CONTENT, "reason": "encrypted"}, False),
        ({"state": State.PARTIAL, "reason": "pages_failed"}, False),
        ({"state": State.NO_CONTENT, "reason": "crashed"}, True),
        ({"state": State.PARTIAL, "reason": "timeout"}, True),
        ({"state": State.NO_CONTENT, "reason": "memory"}, True),
        ({"state": State.DEAD_LETTERED, "reason": "too_many_failures"}, True),
        ({"vectors_pending": True}, True),
    ],
)
def test_trouble_and_pending_vectors_are_tried_again(changes: dict[str, object], unfinished: bool) -> None:
    assert entry_of("/a", **changes).is_unfinished is unfinished


def test_a_damaged_manifest_is_named_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be read" * 100)
    with pytest.raises(MisconfiguredError, match=r"manifest\.sqlite3 cannot be used.*remove this file"):
        Manifest(path)


def test_a_manifest_that_cannot_be_created_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="free some space and make sure"):
        Manifest(tmp_path / "missing" / "m")
