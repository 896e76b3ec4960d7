"""A long scan rendered and OCRed by the real programs: how many rendered pages exist at any one time."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from worker.config import Settings, sandbox_environment
from worker.document.options_from_settings import limits
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource
from worker.runtime.work_root import WorkRoot, remove_document_folder
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

# At once they would have 62 MB.
_PAGES = 16
_SLOTS = 2
_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("eng",), dpi=200)
_INTERVAL_S = 0.005


def _scan(path: Path) -> None:
    canvas = Canvas(str(path), pagesize=(595, 842))
    for number in range(1, _PAGES + 1):
        page = Image.new("L", (826, 1_169), 250)
        ImageDraw.Draw(page).text((90, 90), f"PAGE {number}", fill=0, font_size=60)
        encoded = io.BytesIO()
        page.save(encoded, "JPEG")
        canvas.drawImage(ImageReader(encoded), 0, 0, 595, 842)
        canvas.showPage()
    canvas.save()


class _Watch:
    """The most pages and bytes in some folders at one time, without the original."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self.most_pages = 0
        self.most_bytes = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(_INTERVAL_S):
            sizes = dict(self._sizes())
            self.most_pages = max(self.most_pages, sum(name.endswith(".pgm") for name in sizes))
            self.most_bytes = max(self.most_bytes, sum(sizes.values()))

    def _sizes(self) -> list[tuple[str, int]]:
        found = []
        for folder in self._folders:
            for path in folder.rglob("*"):
                try:
                    found.append((str(path), path.stat().st_size if path.is_file() else 0))
                except OSError:
                    continue  # removed meanwhile
        return [(name, size) for name, size in found if not name.endswith("original")]


def _read(sandbox: Sandbox, request: ExtractionRequest) -> list[Event]:
    """All events; the sandbox is driven by this very thread."""
    events: list[Event] = []
    with sandbox.open(request) as run:
        run.go()
        while not events or not isinstance(events[-1], ReadingEnded):
            sandbox.step(0.05)
            while (event := run.next(0)) is not None:
                events.append(event)
        sandbox.close_run(run._state)
        while not run._state.dead.is_set():
            sandbox.step(0.05)
    return events


@pytest.mark.parametrize("in_memory", [True, False])
def test_while_a_long_scan_is_read_two_rendered_pages_a_slot_exist_at_most_and_none_afterwards(
    tmp_path: Path, require_program: Callable[[str], str], in_memory: bool
) -> None:
    for program in ("pdftoppm", "tesseract"):
        require_program(program)
    memory = Path("/dev/shm") if in_memory else tmp_path / "none"
    work_root = WorkRoot(tmp_path, memory=memory)
    root, folder = work_root.path, work_root.make_document_folder()
    _scan(folder / "original")
    watch = _Watch(root, memory / root.name)
    watcher = threading.Thread(target=watch.run)
    sandbox = Sandbox(options=_OPTIONS, slots=_SLOTS, work_root=root, environment=sandbox_environment())
    try:
        sandbox.start()
        watcher.start()
        events = _read(sandbox, ExtractionRequest(path=folder / "original", name="scan.pdf", folder=folder))
        left = list(folder.glob("*.pgm"))
        remove_document_folder(folder)
    finally:
        watch.over.set()
        watcher.join()
        sandbox.close()
        work_root.remove()

    pages = [event for event in events if isinstance(event, Page)]
    assert [page.source for page in pages] == [TextSource.OCR] * _PAGES
    assert left == []
    assert 1 <= watch.most_pages <= 2 * _SLOTS
    assert watch.most_bytes < 60_000_000
    assert not (memory / root.name).exists()
    assert not root.exists()
