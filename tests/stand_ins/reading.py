"""Reading small real files in a real sandbox, and the processes that it has."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PIL import Image, ImageDraw

from worker.errors import Code, RejectedError
from worker.extract.read_options import Limits, ReadOptions
from worker.models.page import Page
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.runs.extraction_run import ExtractionRun
from worker.sandbox.scheduler import Sandbox

DEADLINE_S = 120.0
"""Far above what anything here takes, also on a machine with ten times the work."""


def options(*, languages: tuple[str, ...] = ("eng",), **changes: float) -> ReadOptions:
    """Generous limits, so that none is met because the machine is busy."""
    limits: dict[str, float] = {
        "max_file_bytes": 10**8,
        "max_pixels": 10**8,
        "max_text_chars": 10**6,
        "page_timeout_s": 300,
        "document_timeout_s": 300,
        "document_timeout_per_page_s": 20,
        "memory_bytes": 3 * 1024**3,
        "cpu_s": 600,
        "output_bytes": 10**9,
    }
    return ReadOptions(
        limits=Limits(**(limits | changes)),  # type: ignore[arg-type]
        languages=languages,
        dpi=200,
    )


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
    deadline = time.monotonic() + DEADLINE_S
    while not any(isinstance(event, ReadingEnded) for event in events):
        event = run.next(0.2)
        if event is not None:
            events.append(event)
        assert time.monotonic() < deadline, f"no end, only {events}"
    return events


def ending(run: ExtractionRun) -> Code | None:
    """The code a run ends with, whether or not its type could be detected."""
    try:
        run.detect()
    except RejectedError as error:
        return error.code
    run.go()
    ended = read(run)[-1]
    return ended.code if isinstance(ended, ReadingEnded) else None


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


def step_until(sandbox: Sandbox, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline
        sandbox.step(0.05)
