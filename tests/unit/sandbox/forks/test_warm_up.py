"""The fork server reads constant texts before its first fork."""

from __future__ import annotations

import gc
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.sandbox import document_process
from worker.sandbox.channel import Channel
from worker.sandbox.forks import warm_up as module
from worker.sandbox.forks.warm_up import warm_up
from worker.sandbox.protocol import PageExtracted, SpawnRequest, message_from_document_process

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    gc.collect()  # what earlier tests left open is closed by the first collection
    before = Path.cwd(), tempfile.tempdir, threading.active_count(), _open_files()
    warm_up(tmp_path)
    after = Path.cwd(), tempfile.tempdir, threading.active_count(), _open_files()
    assert after == before
    assert list(tmp_path.iterdir()) == []
    assert gc.get_freeze_count() > 0


def test_each_of_its_texts_is_read_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that is refused would warm up the refusal only."""
    languages: dict[str, str | None] = {}
    real = document_process.main

    def main(channel: Channel, request: SpawnRequest) -> int:
        monkeypatch.setattr(Channel, "send_all", send_all)
        name[0] = request.document.name
        return real(channel, request)

    def send_all(_channel: Channel, messages: map[dict[str, object]]) -> None:
        for message in map(message_from_document_process, messages):
            if isinstance(message, PageExtracted):
                languages[name[0]] = message.page.language

    name = [""]
    monkeypatch.setattr(document_process, "main", main)
    warm_up(tmp_path)
    assert languages.keys() == {name for name, _ in module._DOCUMENTS}
    assert languages["utf8.txt"] == languages["shift_jis.txt"] == languages["euc.log"] == "jpn"
    assert languages["english.md"] == "eng"


def test_a_folder_that_takes_no_files_is_no_reason_not_to_start(tmp_path: Path) -> None:
    warm_up(tmp_path / "missing")
    assert gc.get_freeze_count() > 0
