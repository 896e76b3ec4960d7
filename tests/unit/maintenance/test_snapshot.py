"""Snapshot: what it keeps of ledger and index, its order, and who may use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.errors import MisconfiguredError
from worker.index.search_index import IndexEntry
from worker.maintenance.snapshot import Snapshot
from worker.models.file import file_id
from worker.models.ledger import State

pytestmark = pytest.mark.unit

HASH = "ab" * 32


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    made = Snapshot(tmp_path / "private" / "s.sqlite3", run_id="1")
    yield made
    made.close(remove=True)


def _row(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "file_id": file_id("b", key),
        "bucket": "b",
        "key": key,
        "state": "indexed",
        "fence": "2",
        **fields,
    }


def _add(snapshot: Snapshot, *rows: dict[str, Any], prefix: str = "", after: str | None = None) -> None:
    snapshot.add_rows(rows, bucket="b", prefix=prefix, after=after)


def _entry(key: str) -> IndexEntry:
    return IndexEntry(file_id=file_id("b", key), version=2, state=State.INDEXED, bucket="b", key=key)


def test_rows_and_entries_are_joined_in_the_order_of_the_keys_bytes(snapshot: Snapshot) -> None:
    keys = ["\U0001f600", "\ufffd", "営業", "a b", "a+b", "e\u0301", "é"]
    _add(snapshot, *(_row(key) for key in keys))
    snapshot.add_entries([_entry(key) for key in [*keys[2:], "only entry"]], prefix="", after="")
    snapshot.sort()
    known = list(snapshot.known(after=b""))
    assert [key for key, _, _ in known] == sorted(each.encode() for each in [*keys, "only entry"])
    by_key = {key.decode(): (row is not None, entry is not None) for key, row, entry in known}
    assert by_key["only entry"] == (False, True)
    assert by_key["\ufffd"] == (True, False)
    assert by_key["営業"] == (True, True)
    assert [row.file_id for _, row, _ in known if row] == [
        file_id("b", key) for key in sorted(keys, key=str.encode)
    ]
    assert [key for key, _, _ in snapshot.known(after="営業".encode())] == [
        "\ufffd".encode(),
        "\U0001f600".encode(),
    ]
    assert snapshot.counts() == (7, 6)


def test_only_the_prefix_of_the_bucket_is_kept_but_every_hash(snapshot: Snapshot) -> None:
    assert snapshot.is_ledger_empty()
    _add(
        snapshot,
        _row("a/1"),
        _row("b/1", content_hash=HASH),
        _row("a/2", bucket="c"),
        _row("a/3", state="tombstoned", content_hash="cd" * 32),
        {"file_id": "e" * 64, "state": "processing", "fence": "7"},
        prefix="a/",
    )
    snapshot.sort()
    assert [key for key, _, _ in snapshot.known(after=b"")] == [b"a/1", b"a/3"]
    assert not snapshot.is_ledger_empty()
    assert snapshot.has_hash(HASH)
    assert not snapshot.has_hash("cd" * 32)


def test_the_same_run_goes_on_with_it_and_another_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    first = Snapshot(path, run_id="1")
    _add(first, _row("a"), after="next")
    first.close(remove=False)
    second = Snapshot(path, run_id="1")
    assert (second.fact("ledger_after"), second.fact("ledger_done"), second.counts()) == ("next", "", (1, 0))
    _add(second, _row("b"))
    assert (second.fact("ledger_after"), second.fact("ledger_done")) == ("", "yes")
    second.close(remove=False)
    third = Snapshot(path, run_id="2")
    assert (third.fact("ledger_done"), third.counts()) == ("", (0, 0))
    third.close(remove=True)
    assert not path.exists()


@pytest.mark.parametrize("run_id", ["1", "2"])
def test_a_second_process_is_refused(snapshot: Snapshot, tmp_path: Path, run_id: str) -> None:
    with pytest.raises(MisconfiguredError, match=r"in use|cannot be used"):
        Snapshot(tmp_path / "private" / "s.sqlite3", run_id=run_id)
    assert snapshot.fact("run_id") == "1"


def test_it_is_private(snapshot: Snapshot, tmp_path: Path) -> None:
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(MisconfiguredError, match="belongs to somebody else"):
        Snapshot(tmp_path / "link" / "s.sqlite3", run_id="1")


def test_old_tombstones_and_candidates_are_kept(snapshot: Snapshot) -> None:
    _add(
        snapshot,
        _row("old", state="tombstoned", updated_at="2026-01-01"),
        _row("new", state="tombstoned", updated_at="2026-03-01"),
        _row("live", updated_at="2026-01-01"),
    )
    assert list(snapshot.tombstones(before="2026-02-01")) == [(file_id("b", "old"), 2)]
    for each in ("ff" * 32, HASH, HASH):
        snapshot.add_candidate(each)
    assert list(snapshot.candidates()) == [HASH, "ff" * 32]
    snapshot.drop_candidates([HASH, "00" * 32])
    assert list(snapshot.candidates()) == ["ff" * 32]
