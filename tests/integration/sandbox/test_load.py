"""What is read beside other work is what is read alone, with any number of slots."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from PIL import Image, ImageDraw

from tests.stand_ins.reading import options, request
from worker.config import sandbox_environment
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import DocumentDetails, PreviewDone
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

_SPIN = "import os; os.nice(10)\nwhile True: pass"
_RTF = rb"{\rtf1\ansi The quick brown fox jumps over the lazy dog.\par Second paragraph.}"


def _hard_pages(folder: Path) -> bytes:
    """Pages that take more than one pass: upside down in another language, pale and speckled, a few words."""
    lines = ["Annual report of the northern branch", "Sales rose by twelve per cent", "in the last quarter"]
    pages = []
    for ink, degrees, count in ((0, 180, 3), (150, 0, 3), (0, 0, 1)):
        page = Image.new("L", (1000, 400), 255)
        for number, line in enumerate(lines[:count]):
            ImageDraw.Draw(page).text((60, 60 + 90 * number), line, fill=ink, font_size=40)
        speckled = Image.eval(page, lambda shade: shade).copy()
        for place in range(0, 400_000, 4_321) if ink else ():
            speckled.putpixel((place % 1000, place // 1000), 60)
        pages.append(speckled.rotate(degrees))
    path = folder / "made.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], dpi=(200, 200))
    return path.read_bytes()


def _docx(folder: Path) -> bytes:
    document = Document()
    document.add_paragraph("Minutes of the meeting")
    document.save(str(folder / "made.docx"))
    return (folder / "made.docx").read_bytes()


@contextmanager
def _hogs() -> Iterator[None]:
    """As many processes that spin as there are cores, which take half of them."""
    count = len(os.sched_getaffinity(0))
    hogs = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def _read(folder: Path, files: dict[str, bytes], *, slots: int) -> dict[str, Any]:
    """What each file gives, all of them read at the same time."""
    sandbox = Sandbox(
        options=options(languages=("jpn", "eng")),
        slots=slots,
        work_root=folder / "work",
        environment=sandbox_environment(),
    )
    sandbox.start()
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            sandbox.step(0.05)

    driver = threading.Thread(target=drive)
    driver.start()
    found: dict[str, Any] = {}
    try:
        threads = [
            threading.Thread(target=_read_one, args=(sandbox, folder, *file, found)) for file in files.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        over.set()
        driver.join()
        sandbox.close()
    return found


def _read_one(sandbox: Sandbox, folder: Path, name: str, data: bytes, found: dict[str, Any]) -> None:
    events: list[object] = []
    with sandbox.open(request(folder, name, data)) as run:
        run.detect()
        run.go()
        while not events or not isinstance(events[-1], ReadingEnded):
            if (event := run.next(1.0)) is not None:
                events.append(_text_of(event) if isinstance(event, Page) else event)
    pages = sorted(event for event in events if isinstance(event, tuple))
    rest = [event for event in events if isinstance(event, PreviewDone | DocumentDetails | ReadingEnded)]
    found[name] = (pages, rest)


def _text_of(page: Page) -> tuple[object, ...]:
    return page.number, page.text, page.words, page.source, page.reason or "", page.unread, page.engine or ""


def test_the_text_is_the_same_beside_other_work_and_with_other_slots(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("soffice")
    files = {"scan.tif": _hard_pages(tmp_path), "letter.rtf": _RTF, "minutes.docx": _docx(tmp_path)}
    for name in ("alone", "beside"):
        (tmp_path / name).mkdir()

    alone = _read(tmp_path / "alone", files, slots=1)
    with _hogs():
        beside = _read(tmp_path / "beside", files, slots=3)

    assert beside == alone
    pages, _ = alone["scan.tif"]
    assert "Annual report" in pages[1][1]
    assert PreviewDone(drawn=True) in alone["minutes.docx"][1]
