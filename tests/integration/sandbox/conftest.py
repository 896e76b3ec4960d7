"""A sandbox that runs, on programs of the test's choice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from worker.config import sandbox_environment
from worker.extract.read_options import Limits, ReadOptions
from worker.sandbox.protocol import ExtractionRequest, SpawnRequest
from worker.sandbox.scheduler import Sandbox

_TOOLS = (
    "sh",
    "cat",
    "head",
    "kill",
    "mv",
    "nice",
    "rm",
    "setsid",
    "sleep",
    "tesseract",
    "pdftoppm",
    "pdfinfo",
)


def options(**changes: float) -> ReadOptions:
    """Limits of time that no file meets because the machine is busy; a test of one lowers it."""
    limits: dict[str, float] = {
        "max_file_bytes": 10**8,
        "max_pixels": 10**8,
        "max_text_chars": 10**6,
        "page_timeout_s": 200,
        "document_timeout_s": 250,
        "document_timeout_per_page_s": 20,
        "memory_bytes": 1024**3,
        "cpu_s": 600,
        "output_bytes": 10**9,
    }
    limits |= changes
    # The program, because a library cannot be replaced by one that breaks.
    return ReadOptions(
        limits=Limits(**limits),  # type: ignore[arg-type]
        languages=("eng",),
        dpi=100,
        ocr_engine="tesseract",
        second_pass="off",
    )


def make_request(path: Path) -> SpawnRequest:
    """What a fork server is sent to have a file read."""
    document = ExtractionRequest(path=path, name="a.txt", folder=path.parent)
    return SpawnRequest(document=document, slots=1, options=options())


@pytest.fixture
def programs(tmp_path: Path, require_program: Callable[[str], str]) -> Path:
    """A folder that can be the whole PATH: links to the real programs, to be replaced one by one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in _TOOLS:
        (folder / name).symlink_to(require_program(name))
    return folder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Start a sandbox with changes of the environment, driven by a thread."""
    sandboxes: list[Sandbox] = []
    over = threading.Event()

    def start_sandbox(read: ReadOptions, changes: Mapping[str, str] | None = None, slots: int = 2) -> Sandbox:
        sandbox = Sandbox(
            options=read,
            slots=slots,
            work_root=tmp_path / f"work{len(sandboxes) or ''}",
            environment=sandbox_environment() | dict(changes or {}),
        )
        sandboxes.append(sandbox)
        sandbox.start()
        thread = threading.Thread(target=drive, args=(sandbox,), daemon=True)
        thread.start()
        return sandbox

    def drive(sandbox: Sandbox) -> None:
        while not over.is_set():
            sandbox.step(0.05)

    yield start_sandbox
    over.set()
    for sandbox in sandboxes:
        sandbox.close()


def fork_server(work_root: Path) -> psutil.Process:
    """The fork server that works in a folder."""
    own = psutil.Process().children()
    (server,) = [process for process in own if str(work_root) in process.cmdline()]
    return server
