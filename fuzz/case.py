"""One damaged file, made from a seed and a number, and the outcome of reading it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.mutations import mutate
from worker.errors import Code, RejectedError
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.runs.extraction_run import ExtractionRun
from worker.sandbox.scheduler import Sandbox

_GRACE_S = 60.0  # for a busy machine; the limits themselves are short


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A damaged file; `seed:number` makes the same again."""

    seed: int
    number: int
    name: str
    data: bytes
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The code a document ended with, or what was read of it; `fault` where there is neither in time."""

    label: str
    message: str = ""
    seconds: float = 0.0
    fault: str = ""


def make_case(files: Mapping[str, bytes], seed: int, number: int) -> Case:
    """The case of that number: which file, and what is done to it, follow from the seed alone."""
    chance = Random(f"{seed}:{number}")
    name, other = chance.choice(list(files)), chance.choice(list(files))
    data, how = mutate(chance, files[name], files[other])
    return Case(seed=seed, number=number, name=name, data=data, how=how)


def read_case(sandbox: Sandbox, case: Case, folder: Path, *, limit_s: float, a_page_s: float) -> Outcome:
    """Read the file as the worker does; never raises."""
    folder.mkdir()
    path = folder / "original"
    path.write_bytes(case.data)
    began = time.monotonic()
    try:
        with sandbox.open(ExtractionRequest(path=path, name=case.name, folder=folder)) as run:
            outcome = _read(run, limit_s=limit_s + _GRACE_S, a_page_s=a_page_s)
    except RejectedError as error:
        outcome = Outcome(label=error.code.value, message=str(error))
    except Exception as error:  # noqa: BLE001  (any other exception is a finding)
        outcome = Outcome(label="raised", fault=f"the sandbox raised {type(error).__name__}: {error}")
    seconds = time.monotonic() - began
    return Outcome(
        label=outcome.label, message=outcome.message, seconds=round(seconds, 1), fault=outcome.fault
    )


def _read(run: ExtractionRun, *, limit_s: float, a_page_s: float) -> Outcome:
    run.detect(_Deadline(limit_s).check)
    run.go()
    deadline, pages = _Deadline(limit_s), list[Page]()
    while True:
        event = run.next(0.5)
        if isinstance(event, Page):
            pages.append(event)
        elif isinstance(event, ReadingEnded):
            return _outcome(event, pages)
        deadline.check(more_s=a_page_s * (run.left + len(pages)))


def _outcome(ended: ReadingEnded, pages: list[Page]) -> Outcome:
    if ended.code is Code.INVALID_CHILD_MESSAGE:
        return Outcome(label=ended.code.value, fault=ended.message)
    if ended.code is not None:
        return Outcome(label=ended.code.value, message=ended.message)
    if not pages:
        return Outcome(label="nothing", fault="it ended without a code and without a page")
    lacking = sorted({page.reason for page in pages if page.reason})
    text = any(page.text for page in pages)
    return Outcome(label=f"pages: {', '.join(lacking)}" if lacking else "read" if text else "read, no text")


class _Deadline:
    def __init__(self, limit_s: float) -> None:
        self._began, self._limit_s = time.monotonic(), limit_s

    def check(self, *, more_s: float = 0.0) -> None:
        if time.monotonic() - self._began > self._limit_s + more_s:
            raise TimeoutError(f"no end after {self._limit_s + more_s:.0f} s")
