"""Processes that end: killed from outside, hostile, hanging, closed; and the fork server itself."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.stand_ins.reading import (
    DEADLINE_S,
    children,
    ending,
    fork_servers,
    options,
    pages,
    picture,
    read,
    request,
    step_until,
)
from worker.config import sandbox_environment
from worker.errors import Code
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration


def test_a_child_killed_in_ocr_is_replaced_and_no_page_is_lost(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=6))) as run:
        run.detect()
        run.go()
        killed = False
        events: list[Event] = []
        deadline = time.monotonic() + DEADLINE_S
        while not any(isinstance(event, ReadingEnded) for event in events):
            assert time.monotonic() < deadline
            event = run.next(0.1)
            if event is not None:
                events.append(event)
            if not killed and pages(events):
                _kill_readers()
                killed = True
    assert sorted(page.number for page in pages(events)) == [1, 2, 3, 4, 5, 6]
    assert {page.source for page in pages(events)} == {TextSource.OCR}
    assert events[-1] == ReadingEnded()


def _kill_readers() -> None:
    (fork_server,) = fork_servers()
    for child in fork_server.children():
        child.send_signal(signal.SIGKILL)


def test_closing_a_run_leaves_no_process(start: Callable[[ReadOptions], Sandbox], tmp_path: Path) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=20))) as run:
        run.detect()
        run.go()
        while run.next(0.2) is None:
            pass
    assert children() == []


def test_a_fork_server_that_dies_is_replaced(start: Callable[[ReadOptions], Sandbox], tmp_path: Path) -> None:
    sandbox = start(options())
    (fork_server,) = fork_servers()
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=2))) as run:
        run.detect()
        run.go()
        fork_server.kill()
        assert sorted(page.number for page in pages(read(run))) == [1, 2]


def test_the_fork_server_has_one_thread(start: Callable[[ReadOptions], Sandbox]) -> None:
    start(options())
    (fork_server,) = fork_servers()
    assert fork_server.num_threads() == 1


def test_the_fork_server_knows_no_secret(
    start: Callable[[ReadOptions], Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    start(options())
    (fork_server,) = fork_servers()
    assert not [name for name in fork_server.environ() if name.startswith(("AWS", "CIS"))]


def test_a_signal_to_all_processes_of_a_service_costs_no_document(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=4))) as run:
        run.detect()
        run.go()
        for process in [*fork_servers(), *children()]:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        found = pages(read(run))
    assert [page.source for page in found] == [TextSource.OCR] * 4
    assert (tmp_path / "work").is_dir()


def test_a_fork_server_that_cannot_be_replaced_at_once_is_tried_again(tmp_path: Path) -> None:
    root = tmp_path / "work"
    sandbox = Sandbox(options=options(), slots=1, work_root=root, environment=sandbox_environment())
    sandbox.start()
    (fork_server,) = fork_servers()
    with sandbox.open(request(tmp_path, "a.txt", b"text")) as run:
        fork_server.kill()
        shutil.rmtree(root)
        root.write_text("in the way")
        for _ in range(2):
            with pytest.raises(FileExistsError):
                step_until(sandbox, lambda: False)
        root.unlink()
        step_until(sandbox, lambda: run.busy)
        assert run.detect() is FileType.TEXT
        sandbox.step(0.1)
        threading.Thread(target=step_until, args=(sandbox, lambda: not children())).start()
    sandbox.close()


def test_a_converter_that_hangs_is_ended_with_all_it_started(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\n[ $1 = --version ] && exit\nsleep 600 &\nsleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sandbox = start(options(page_timeout_s=1))
    with sandbox.open(request(tmp_path, "a.rtf", rb"{\rtf1 Hello}")) as run:
        assert ending(run) is Code.TIMEOUT
    assert children() == []


# The real fork server, but for the process of one file, which sends what the test has put into that file.
_TAKEN_OVER = """#!{python}
import os, signal, sys
from worker.models.page import Page, TextSource
from worker.sandbox import document_process, fork_server, protocol

read = document_process.main

def main(channel, request):
    if request.document.name != "hostile.txt":
        return read(channel, request)
    page = Page(number=1, text="before", source=TextSource.FILE)
    channel.send({{"kind": "TypeDetected", "file_type": "txt"}})
    channel.receive()
    channel.send({{"kind": "DocumentOpened", "pages": 2}})
    channel.send(protocol.to_json(protocol.PageExtracted(page=page)))
    os.write(channel.fileno(), request.document.path.read_bytes())
    signal.pause()

document_process.main = main
fork_server.main(sys.argv[sys.argv.index("worker.sandbox.fork_server") + 1 :])
"""


def _frame(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@pytest.mark.parametrize(
    "data",
    [
        _frame(b'{"kind": "Nonsense"}'),
        _frame(b'{"kind": "PageNeedsOcr", "page": "2", "fallback": null}'),
        _frame(b'{"kind": "PageNeedsOcr", "page": 3, "fallback": null}'),
        _frame(b'{"kind": "DocumentOpened", "pages": 2}'),
        _frame(b"no JSON"),
        _frame(b"[" * 100_000),
        struct.pack(">I", 2**31),
    ],
    ids=["unknown", "wrong type", "no such page", "out of turn", "no JSON", "nested too deeply", "too long"],
)
def test_an_invalid_message_ends_its_document_with_its_code_and_no_other(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    program = tmp_path / "python"
    program.write_text(_TAKEN_OVER.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=2))) as neighbour:
        assert neighbour.detect() is FileType.TIFF
        with sandbox.open(request(tmp_path, "hostile.txt", data)) as hostile:
            assert hostile.detect() is FileType.TEXT
            hostile.go()
            kept, ended = read(hostile)
        neighbour.go(preview=False)
        events = read(neighbour)
    assert isinstance(kept, Page)
    assert kept.text == "before"
    assert isinstance(ended, ReadingEnded)
    assert ended.code is Code.INVALID_CHILD_MESSAGE
    assert sorted(page.number for page in pages(events)) == [1, 2]
    assert events[-1] == ReadingEnded()
    assert children() == []
