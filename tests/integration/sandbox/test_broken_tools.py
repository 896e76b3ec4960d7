"""A tesseract and a pdftoppm that break in every way: the page has its code, the others their text.

The stand-in is the real program, but for page 2. Afterwards there is no process, no zombie and no file.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw

from tests.integration.sandbox.conftest import fork_server, options
from worker.errors import Code
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import PICTURE_NAME, THUMBNAIL_NAME, ExtractionRequest
from worker.sandbox.runs.extraction_run import ExtractionRun
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

_DEADLINE_S = 280.0
# Only a tool that hangs meets it: without nice(1), a page takes a second also beside ten busy processes.
_PAGE_TIMEOUT_S = 8.0
_LONG = f"600.{os.getpid()}"
_STAND_IN = """#!/bin/sh
for word; do case "$word" in *page-00002) output="$word" ;; esac; done
case "$*" in *page-00002*) %BEHAVIOUR% ;; esac
exec %REAL% "$@"
"""
_OUTPUT = {"tesseract": '"$2.tsv"', "pdftoppm": '"$output.pgm"'}

# what it does on page 2, what then becomes of the page (None: it is read) or of the document
_BEHAVIOURS = {
    "is killed by SIGSEGV": ("kill -SEGV $$", Code.OCR_FAILED),
    "aborts": ("kill -ABRT $$", Code.OCR_FAILED),
    "is killed from outside": ("kill -KILL $$", Code.OCR_FAILED),
    "ends with a status": ("exit 1", Code.OCR_FAILED),
    "ends well without output": ("exit 0", Code.OCR_FAILED),
    "writes garbage": ("head -c 30 /dev/zero > %OUTPUT%; exit 0", Code.OCR_FAILED),
    "ends in the middle of its output": (
        '%REAL% "$@"; head -c 1000 %OUTPUT% > half; mv half %OUTPUT%; kill -BUS $$',
        Code.OCR_FAILED,
    ),
    "hangs": ("exec sleep %LONG%", Code.TIMEOUT),
    "hangs, and what it started too": ("sleep %LONG% & sleep %LONG%", Code.TIMEOUT),
    "prints without end": ("exec cat /dev/zero", Code.OCR_FAILED),
    "complains without end": ("exec cat /dev/zero >&2", Code.OCR_FAILED),
    "complains a lot, then works": ("head -c 20M /dev/zero >&2", None),
    "fills the disk": ("cat /dev/zero > %OUTPUT%; exit 1", Code.OCR_FAILED),
    "complains in no encoding": ("printf '\\377\\376\\200' >&2; exit 1", Code.OCR_FAILED),
    "leaves a process in its group": ("sleep %LONG% &", None),
    "leaves a process in a session of its own": ("setsid sleep %LONG% &", None),
    # They wait for the end of what started them, which could otherwise learn of theirs before its own.
    "kills what started it": ("kill -KILL $PPID; sleep %LONG%", Code.MEMORY),
    "makes what started it crash": ("kill -SEGV $PPID; sleep %LONG%", Code.CRASHED),
}


def break_tool(programs: Path, tool: str, behaviour: str) -> None:
    link = programs / tool
    lines = _STAND_IN.replace("%BEHAVIOUR%", behaviour).replace("%REAL%", str(link.resolve()))
    link.unlink()
    link.write_text(lines.replace("%OUTPUT%", _OUTPUT[tool]).replace("%LONG%", _LONG))
    link.chmod(0o755)


def remove_once_it_runs(tool: Path) -> None:
    """Remove a program while it is at work."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            if str(tool) in (process.info["cmdline"] or []):
                tool.unlink()
                return


def do_without_nice(programs: Path) -> None:
    """Let OCR have its share of a busy machine, so that a page that does not hang ends in its time."""
    (programs / "nice").unlink()
    (programs / "nice").write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    (programs / "nice").chmod(0o755)


def scan(folder: Path, tool: str) -> ExtractionRequest:
    """A document of three pages: a TIFF needs tesseract only, a PDF of pictures pdftoppm too."""
    images = []
    for number in range(1, 4):
        image = Image.new("L", (1000, 700), 255)
        ImageDraw.Draw(image).text((60, 200), f"PAGE NUMBER {number}", fill=0, font_size=90)
        images.append(image)
    name = "scan.tif" if tool == "tesseract" else "scan.pdf"
    (folder / "document").mkdir()
    path = folder / "document" / name
    images[0].save(path, save_all=True, append_images=images[1:], resolution=100)
    return ExtractionRequest(path=path, name=name, folder=path.parent)


def read(run: ExtractionRun) -> tuple[dict[int, Page], ReadingEnded]:
    run.detect()
    run.go()
    pages: dict[int, Page] = {}
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        event = run.next(0.2)
        if isinstance(event, Page):
            assert event.number not in pages, "a page is sent once"
            pages[event.number] = event
        elif isinstance(event, ReadingEnded):
            return pages, event
    raise AssertionError(f"no end, only {pages}")


def assert_nothing_is_left(work_root: Path, request: ExtractionRequest) -> None:
    leader = fork_server(work_root)
    deadline = time.monotonic() + 60
    while leader.children(recursive=True) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert leader.children(recursive=True) == [], "neither processes nor zombies"
    # setsid takes a process out of its group, the end of its parent makes it init's; it would show here.
    lost = [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", _LONG]]
    assert lost == []
    folder = request.folder
    assert list((folder / "scratch").iterdir()) == []
    assert {path.name for path in folder.iterdir()} <= {request.name, "scratch", THUMBNAIL_NAME, PICTURE_NAME}


@pytest.mark.parametrize("behaviour", _BEHAVIOURS)
@pytest.mark.parametrize("tool", ["tesseract", "pdftoppm"])
def test_a_tool_that_breaks_costs_its_page_only(
    tool: str, behaviour: str, start: Callable[..., Sandbox], programs: Path, tmp_path: Path
) -> None:
    line, expected = _BEHAVIOURS[behaviour]
    break_tool(programs, tool, line)
    limits = {}
    if expected is Code.TIMEOUT:
        limits["page_timeout_s"] = _PAGE_TIMEOUT_S
        do_without_nice(programs)
    sandbox = start(options(**limits), {"PATH": str(programs)})
    request = scan(tmp_path, tool)
    with sandbox.open(request) as run:
        pages, ended = read(run)
    assert ended == ReadingEnded()
    assert {number: page.reason for number, page in pages.items()} == {1: None, 2: expected, 3: None}
    assert [number for number, page in pages.items() if page.text == ""] == ([2] if expected else [])
    if expected:
        source = {Code.TIMEOUT: TextSource.TIMED_OUT, Code.OCR_FAILED: TextSource.FAILED}
        assert pages[2].source is source.get(expected, TextSource.CRASHED)
    assert_nothing_is_left(tmp_path / "work", request)


@pytest.mark.parametrize("tool", ["tesseract", "pdftoppm"])
def test_a_tool_that_vanishes_ends_the_document_with_its_code(
    tool: str, start: Callable[..., Sandbox], programs: Path, tmp_path: Path
) -> None:
    # It is removed from outside, because no program of a document process can write there.
    break_tool(programs, tool, 'while [ -e "$0" ]; do sleep 0.05; done; exit 127')
    sandbox = start(options(), {"PATH": str(programs)})
    request = scan(tmp_path, tool)
    remover = threading.Thread(target=remove_once_it_runs, args=(programs / tool,), daemon=True)
    remover.start()
    with sandbox.open(request) as run:
        _, ended = read(run)
    remover.join()
    assert ended.code is Code.PROGRAM_MISSING
    assert tool in ended.message
