"""Real children, forked from a real fork server, on small real files."""

from __future__ import annotations

import io
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import docx
import psutil
import pytest
from PIL import Image, ImageDraw

from worker.config import sandbox_environment
from worker.errors import Code, MisconfiguredError, RejectedError
from worker.extract.read_options import Limits, ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.run_state import THUMBNAIL_NAME, Ended, Event, ExtractionRequest, PreviewDrawn
from worker.sandbox.scheduler import ExtractionRun, Sandbox

pytestmark = pytest.mark.unit

_DEADLINE_S = 60.0


def options(*, languages: tuple[str, ...] = ("eng",), **changes: float) -> ReadOptions:
    limits: dict[str, float] = {
        "max_file_bytes": 10**8,
        "max_pixels": 10**8,
        "max_text_chars": 10**6,
        "page_timeout_s": 60,
        "document_timeout_s": 60,
        "document_timeout_per_page_s": 20,
        "memory_bytes": 2 * 1024**3,
        "cpu_s": 600,
        "output_bytes": 10**9,
    }
    return ReadOptions(
        limits=Limits(**(limits | changes)),  # type: ignore[arg-type]
        languages=languages,
        dpi=200,
    )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[ReadOptions], Sandbox]]:
    """Start a sandbox with a thread that drives it."""
    sandboxes: list[Sandbox] = []
    over = threading.Event()

    def started(read: ReadOptions) -> Sandbox:
        sandbox = Sandbox(
            options=read, slots=2, work_root=tmp_path / "work", environment=sandbox_environment()
        )
        sandboxes.append(sandbox)
        sandbox.start()
        threading.Thread(target=drive, args=(sandbox,), daemon=True).start()
        return sandbox

    def drive(sandbox: Sandbox) -> None:
        while not over.is_set():
            sandbox.step(0.05)

    yield started
    over.set()
    for sandbox in sandboxes:
        sandbox.close()


def request(folder: Path, name: str, data: bytes) -> ExtractionRequest:
    work = folder / f"{name}-work"
    work.mkdir()
    path = work / "original"
    path.write_bytes(data)
    return ExtractionRequest(path=path, name=name, folder=work)


def picture(folder: Path, *, frames: int = 1, text: str = "HELLO") -> bytes:
    images = []
    for number in range(frames):
        image = Image.new("L", (600, 200), 255)
        ImageDraw.Draw(image).text((30, 60), f"{text} {number + 1}", fill=0, font_size=60)
        images.append(image)
    path = folder / "made.tif"
    images[0].save(path, save_all=True, append_images=images[1:])
    return path.read_bytes()


def read(run: ExtractionRun) -> list[Event]:
    """All events until the end."""
    events: list[Event] = []
    deadline = time.monotonic() + _DEADLINE_S
    while not any(isinstance(event, Ended) for event in events):
        event = run.next(0.2)
        if event is not None:
            events.append(event)
        assert time.monotonic() < deadline, f"no end, only {events}"
    return events


def ending(run: ExtractionRun) -> Code | None:
    """The code a run ends with, whether its type could be told or not."""
    try:
        run.detect()
    except RejectedError as error:
        return error.code
    run.go()
    ended = read(run)[-1]
    return ended.code if isinstance(ended, Ended) else None


def pages(events: list[Event]) -> list[Page]:
    return [event for event in events if isinstance(event, Page)]


def fork_servers() -> list[psutil.Process]:
    """The fork server of this test; the process may have servers of other tests, too."""
    own = psutil.Process().children()
    return [process for process in own if "worker.sandbox.fork_server" in process.cmdline()]


def children() -> list[psutil.Process]:
    """Every process below the fork server."""
    below = [process for fork_server in fork_servers() for process in fork_server.children(recursive=True)]
    return [process for process in below if process.status() != psutil.STATUS_ZOMBIE]


def test_a_text_file_is_read_in_a_child(start: Callable[[ReadOptions], Sandbox], tmp_path: Path) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.txt", "営業報告".encode())) as run:
        assert run.detect() is FileType.TEXT
        run.go()
        events = read(run)
    assert [page.text.strip() for page in pages(events)] == ["営業報告"]
    assert events[-1] == Ended()
    assert children() == []


def test_pages_are_recognised_with_permits_and_the_pictures_are_drawn(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    what = request(tmp_path, "a.tif", picture(tmp_path, frames=3))
    with sandbox.open(what) as run:
        assert run.detect() is FileType.TIFF
        run.go()
        events = read(run)
        assert PreviewDrawn(drawn=True) in events
        assert (what.folder / "thumbnail.webp").stat().st_size > 0
        assert (what.folder / "picture.jpg").stat().st_size > 0
    found = {page.number: page.text for page in pages(events)}
    assert sorted(found) == [1, 2, 3]
    assert all(f"HELLO {number}" in text for number, text in found.items())
    assert sorted(path.name for path in what.folder.glob("*.pgm")) == []


def test_a_picture_in_a_document_has_a_permit_of_its_own_behind_the_text(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    made = docx.Document()
    made.add_paragraph("Some words")
    made.add_picture(io.BytesIO(picture(tmp_path)))
    made.save(str(tmp_path / "a.docx"))
    sandbox = start(options())
    what = request(tmp_path, "b.docx", (tmp_path / "a.docx").read_bytes())
    with sandbox.open(what) as run:
        assert run.detect() is FileType.DOCX
        run.go()
        text, recognised = pages(read(run))
    assert (text.number, text.text, text.source) == (1, "Some words", TextSource.FILE)
    assert (recognised.number, recognised.source) == (2, TextSource.OCR)
    assert "HELLO 1" in recognised.text
    assert {path.name for path in what.folder.iterdir()} <= {"original", "scratch", THUMBNAIL_NAME}
    assert list(what.folder.rglob("picture-*")) == []


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


@pytest.mark.parametrize(("ocr_engine", "needs"), [("tesseract", "pytesseract"), ("tesserocr", "tesserocr")])
def test_pages_are_read_by_what_the_settings_choose(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path, ocr_engine: str, needs: str
) -> None:
    pytest.importorskip(needs)
    sandbox = start(replace(options(), ocr_engine=ocr_engine, second_pass="off"))
    with sandbox.open(request(tmp_path, "a.png", picture(tmp_path))) as run:
        run.detect()
        run.go()
        (page,) = pages(read(run))
    assert page.text == "HELLO 1"
    assert page.engine == f"{ocr_engine} eng"


def test_pages_that_are_done_are_not_read_again(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=3))) as run:
        run.detect()
        run.go(done=[1, 3], preview=False)
        assert [page.number for page in pages(read(run))] == [2]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.txt", b"", Code.EMPTY),
        ("broken.pdf", b"%PDF-1.7\nnothing of the kind", Code.CORRUPT),
        ("unknown.bin", bytes(range(256)) * 20, Code.UNSUPPORTED_TYPE),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_its_reason(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path, name: str, data: bytes, code: Code
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, name, data)) as run:
        assert ending(run) is code


def test_more_memory_than_allowed_is_a_reason_and_no_crash(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options(memory_bytes=600 * 1024**2, max_text_chars=10**9))
    with sandbox.open(request(tmp_path, "big.txt", b"word " * 60_000_000)) as run:
        assert ending(run) in (Code.MEMORY, Code.CRASHED)


def test_a_child_killed_in_recognition_is_replaced_and_no_page_is_lost(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=6))) as run:
        run.detect()
        run.go()
        killed = False
        events: list[Event] = []
        deadline = time.monotonic() + _DEADLINE_S
        while not any(isinstance(event, Ended) for event in events):
            assert time.monotonic() < deadline
            event = run.next(0.1)
            if event is not None:
                events.append(event)
            if not killed and pages(events):
                _kill_readers()
                killed = True
    assert sorted(page.number for page in pages(events)) == [1, 2, 3, 4, 5, 6]
    assert {page.source for page in pages(events)} == {TextSource.OCR}
    assert events[-1] == Ended()


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


def test_a_drained_run_finishes_the_pages_in_hand_only(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=20))) as run:
        run.detect()
        run.go()
        while not isinstance(run.next(0.2), Page):
            pass
        run.drain()
        while run.busy:
            assert not isinstance(run.next(0.2), Ended)
        assert 0 < run.left < 20


def test_a_language_that_is_not_installed_is_named_with_its_package(
    start: Callable[[ReadOptions], Sandbox],
) -> None:
    with pytest.raises(MisconfiguredError, match="tesseract-ocr-tlh"):
        start(options(languages=("eng", "tlh")))


@pytest.mark.parametrize("program", ["tesseract", "pdftoppm", "pdfinfo"])
def test_a_missing_program_is_named(tmp_path: Path, program: str) -> None:
    for name in {"tesseract", "pdftoppm", "pdfinfo", "nice"} - {program}:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    environment = sandbox_environment() | {"PATH": str(tmp_path)}
    sandbox = Sandbox(options=options(), slots=1, work_root=tmp_path / "work", environment=environment)
    with pytest.raises(MisconfiguredError, match=program):
        sandbox.start()
    sandbox.close()


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
        step_until(sandbox, lambda: not run_is_quiet(run))
        assert run.detect() is FileType.TEXT
        sandbox.step(0.1)
        threading.Thread(target=step_until, args=(sandbox, lambda: not children())).start()
    sandbox.close()


def step_until(sandbox: Sandbox, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while not done():
        assert time.monotonic() < deadline
        sandbox.step(0.05)


def run_is_quiet(run: ExtractionRun) -> bool:
    return not run.busy
