"""A file of a home: its key in a bucket, and what can be sent of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.home.folder import Home
from worker.home.manifest import ManifestEntry
from worker.home.transfer.published_file import PublishedFile
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def file_at(path: str, home: Path, **changes: object) -> PublishedFile:
    values: dict[str, object] = {
        "path": path,
        "file_id": "f",
        "size_bytes": 5,
        "mtime_ns": 1,
        "sha256": "aa",
        "made_with": "key model text",
        "state": State.INDEXED,
        **changes,
    }
    return PublishedFile(home=Home(folder=home), entry=ManifestEntry(**values), prefix="nas/")  # type: ignore[arg-type]


def test_the_key_is_the_path_below_the_prefix(tmp_path: Path) -> None:
    assert file_at("/営業/a b.pdf", tmp_path).key == "nas/営業/a b.pdf"


@pytest.mark.parametrize("path", [os.fsdecode(b"/d/\x83\x65.txt"), f"/{'d' * 200}/{'長' * 300}.txt"])
def test_a_path_that_no_key_can_hold_has_one_made_of_its_hash(tmp_path: Path, path: str) -> None:
    key = file_at(path, tmp_path).key
    assert key.startswith("nas/home/")
    assert len(key.encode()) <= 1_024
    assert key != file_at(f"{path}x", tmp_path).key


def test_results_of_these_tools_are_sent_the_picture_first_and_no_vectors(tmp_path: Path) -> None:
    for name in (
        "artifacts/aa/pdf-key",
        "artifacts/aa/pdf-former",
        "artifacts/aa/.half-key",
        "thumbnails/aa/key.webp",
        "vectors/aa/amazon.titan-embed-image-v1-1024",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    keys = [each.key for each in file_at("/a.pdf", tmp_path).objects()]
    assert keys == ["thumbnails/aa/key.webp", "artifacts/aa/pdf-key"]


def test_what_a_limit_kept_from_being_read_is_known(tmp_path: Path) -> None:
    assert not file_at("/a", tmp_path).has_limit
    assert file_at("/a", tmp_path, made_with="key m t limits 12").has_limit
    assert file_at("/a", tmp_path, sha256="").has_limit
    assert file_at("/a", tmp_path, state=State.DEAD_LETTERED).has_limit


def test_a_file_that_is_gone_or_changed_is_unfit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    found = file_at(str(path), tmp_path, mtime_ns=path.stat().st_mtime_ns)
    assert found.fault() is None
    path.write_bytes(b"123456")
    assert "run cis-worker ingest first" in str(found.fault())
    path.unlink()
    assert found.fault() == "No such file or directory"
