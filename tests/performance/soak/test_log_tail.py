"""The log of a soak is read to its last line, through rotation and kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak.log_tail import LogTail

pytestmark = pytest.mark.performance

NAME = "cis-worker.i-1.77.20260401T000000Z"


def events(tail: LogTail) -> list[object]:
    return [line["event"] for line in tail.lines()]


def test_each_line_is_read_once_also_after_its_file_has_got_another_name(tmp_path: Path) -> None:
    tail, current = LogTail(tmp_path), tmp_path / f"{NAME}.log"
    current.write_text('{"event": "a"}\n{"event": "b"}\n')
    assert events(tail) == ["a", "b"]
    with current.open("a") as file:
        file.write('{"event": "c"}\n')
    current.rename(tmp_path / f"{NAME}.0001.log")
    current.write_text('{"event": "d"}\n')
    assert sorted(map(str, events(tail))) == ["c", "d"]
    assert events(tail) == []
    assert tail.read_bytes == 4 * len('{"event": "a"}\n')


def test_a_line_that_is_being_written_comes_when_it_is_complete(tmp_path: Path) -> None:
    tail, current = LogTail(tmp_path), tmp_path / f"{NAME}.log"
    current.write_text('{"event": "a"}\n{"event"')
    assert events(tail) == ["a"]
    with current.open("a") as file:
        file.write(': "b"}\n')
    assert events(tail) == ["b"]


def test_what_a_killed_worker_left_of_a_line_is_no_line(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.log").write_text('{"event": "a"}\n{"eve\n[1]\n{"event": "b"}\n{"ev')
    assert events(LogTail(tmp_path)) == ["a", "b"]


def test_the_size_on_disk_counts_what_was_removed_no_more(tmp_path: Path) -> None:
    tail, current = LogTail(tmp_path), tmp_path / f"{NAME}.log"
    current.write_text('{"event": "a"}\n')
    (tmp_path / f"{NAME}.lock").touch()
    list(tail.lines())
    assert tail.size_bytes() == 15
    current.unlink()
    assert (tail.size_bytes(), tail.read_bytes) == (0, 15)
