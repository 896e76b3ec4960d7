"""Readers profile themselves behind their walls, and are killed as ever."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.profiling.profile_records import read_records
from tests.integration.sandbox.conftest import options
from worker.config import sandbox_environment
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

DOCUMENTS = 3


def read_documents(folder: Path, kind: str) -> list[str]:
    """Read text files in readers that profile themselves into `folder`."""
    environment = {**sandbox_environment(), "CIS_PROFILE": f"{kind}:{folder}"}
    sandbox = Sandbox(options=options(), slots=1, work_root=folder / "work", environment=environment)
    sandbox.start()
    stop = threading.Event()

    def drive() -> None:
        while not stop.is_set():
            sandbox.step(0.05)

    thread = threading.Thread(target=drive)
    thread.start()
    try:
        return [_read(sandbox, folder / "work" / f"document-{number}") for number in range(DOCUMENTS)]
    finally:
        stop.set()
        thread.join()
        sandbox.close()


def _read(sandbox: Sandbox, place: Path) -> str:
    place.mkdir()
    path = place / "original"
    path.write_text("営業報告書です。" * 50)
    text = ""
    with sandbox.open(ExtractionRequest(path=path, name="a.txt", folder=place)) as run:
        run.detect()
        run.go(preview=True)
        while not isinstance(event := run.next(200), ReadingEnded):
            assert event is not None
            text += event.text if isinstance(event, Page) else ""
    assert event.code is None
    return text


def test_the_figures_of_each_reader_come_out_although_it_may_open_no_file(
    tmp_path: Path, require_module: Callable[..., None]
) -> None:
    require_module("pyinstrument")
    assert read_documents(tmp_path, "samples") == ["営業報告書です。" * 50] * DOCUMENTS
    figures = read_records(tmp_path)["reader"]
    assert figures.processes == DOCUMENTS
    assert sum(figures.stacks.values()) == pytest.approx(figures.cpu_s, rel=0.05)
    stacks = "\n".join(figures.stacks)
    assert "worker/sandbox/confinement.py:Confinement.enter" in stacks, "its walls are part of it"
    assert "worker/sandbox/document_process.py:DocumentProcess.run" in stacks


def test_the_last_record_is_written_before_the_message_that_ends_the_reader(tmp_path: Path) -> None:
    read_documents(tmp_path, "allocations")
    records = [json.loads(line) for line in (tmp_path / "reader.jsonl").read_text().splitlines()]
    assert len({record["pid"] for record in records}) == DOCUMENTS
    assert all(record["allocations"]["most_bytes"] > 0 for record in records)
