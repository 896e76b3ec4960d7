"""What a soak reads of processes: their memory, descendants and dead children."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.soak import process_tree
from bench.soak.process_tree import ProcessTable
from bench.soak.waiting import wait_until

pytestmark = pytest.mark.performance

MB = 1024**2
DEADLINE_S = 300.0
# Hides its memory as the worker does, holds 40 MB, and has a child that it does not wait for.
PROGRAM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
held = bytearray(os.urandom(1)) * (40 * 1024**2)
if os.fork() == 0:
    os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def program() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.kill()


def test_the_memory_of_a_process_that_hides_it_is_seen() -> None:
    with program() as pid:
        size = process_tree.size_of(pid)
        assert size is not None
        assert 40 * MB < size.memory_bytes < 80 * MB
        assert size.threads == 1


def test_a_dead_child_that_nobody_waits_for_is_a_zombie_without_memory() -> None:
    with program() as pid:

        def zombies() -> list[int]:
            return [entry.pid for entry in ProcessTable.read().descendants(pid) if entry.state == "Z"]

        wait_until(lambda: len(zombies()) == 1, what="a zombie", timeout_s=DEADLINE_S)
        assert process_tree.size_of(zombies()[0]) is None


def test_a_table_knows_a_process_by_more_than_its_number() -> None:
    with program() as pid:
        before = ProcessTable.read()
        (entry,) = [each for each in before.children(os.getpid()) if each.pid == pid]
        assert before.has(entry)
        assert before.fork_server(os.getpid()) is None
    assert not ProcessTable.read().has(entry)


def test_of_a_process_that_has_ended_nothing_is_seen() -> None:
    with program() as pid:
        pass
    assert process_tree.size_of(pid) is None
    assert process_tree.open_files(pid) is None
    assert process_tree.network_namespace(pid) is None


def test_own_files_and_namespace_are_visible() -> None:
    before = process_tree.open_files(os.getpid())
    namespace = process_tree.network_namespace(os.getpid())
    assert before is not None
    assert namespace is not None
    reader, writer = os.pipe()
    try:
        assert process_tree.open_files(os.getpid()) == before + 2
    finally:
        os.close(reader)
        os.close(writer)
    table = process_tree.ProcessTable.read()
    inside = process_tree.in_namespace(namespace, table=table)
    assert os.getpid() in [entry.pid for entry in inside.entries()]
    assert process_tree.in_namespace(None, table=table).entries() == []
    assert process_tree.in_namespace(namespace, table=process_tree.ProcessTable([])).entries() == []
