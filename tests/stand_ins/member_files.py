"""Documents with files in them that say in words what they are, and a walk through one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.stand_ins.document_run import LIMITS
from worker.errors import Code, RejectedError
from worker.extract.members.member_walk import MemberWalk, ReadBefore
from worker.extract.members.unpacking import Unpacking
from worker.extract.page_source import ContainedFile, PageSource, no_preview
from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page, TextSource

MEMBER_LIMITS = replace(LIMITS, max_file_bytes=10_000, output_bytes=10_000)


class MemberReader:
    """Reads files whose text says what they are: `pages 3`, `scan 2`, `fails`, `half`, `in NAME=TEXT ...`."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def open(self, path: Path, name: str, _known: FileType | None = None) -> tuple[FileType, PageSource]:
        text = path.read_text()
        self.opened.append(text)
        kind, _, rest = text.partition(" ")
        if kind == "fails":
            raise RejectedError(f"{name}: encrypted", code=Code.ENCRYPTED)
        if kind == "half":
            return FileType.PDF, self.source(3, self._half(), path)
        if kind == "in":
            return FileType.ZIP, self.source(1, self.texts(1), path, files_of(rest.split("|")))
        count = int(rest)
        pages = iter(range(1, count + 1)) if kind == "scan" else self.texts(count)
        return FileType.PDF, self.source(count, pages, path)

    def source(
        self, count: int, pages: Iterator[Page | int], path: Path, contained: Iterable[ContainedFile] = ()
    ) -> PageSource:
        def render(number: int, folder: Path) -> Path:
            drawn = folder / f"own-{number}.pgm"
            drawn.write_text(f"{path.read_text()}: {number}")
            return drawn

        return PageSource(
            page_count=count, pages=pages, render=render, preview=no_preview, contained=contained
        )

    def texts(self, count: int) -> Iterator[Page | int]:
        return iter([Page(number=n, text=f"text {n}", source=TextSource.FILE) for n in range(1, count + 1)])

    def _half(self) -> Iterator[Page | int]:
        yield from self.texts(1)
        raise ValueError("broken")


def files_of(files: Iterable[str]) -> Iterator[ContainedFile]:
    for file in files:
        name, _, text = file.partition("=")
        yield ContainedFile(name=name, open=partial(io.BytesIO, text.replace("+", "|").encode()))


def walk_of(
    folder: Path,
    *files: str,
    limits: Limits = MEMBER_LIMITS,
    before: ReadBefore | None = None,
    reader: MemberReader | None = None,
) -> MemberWalk:
    reader = reader or MemberReader()
    root = reader.source(1, reader.texts(1), folder, files_of(files))
    unpacking = Unpacking(limits=limits, folder=folder, document_bytes=1_000_000)
    before = before or ReadBefore()
    return MemberWalk(
        root, FileType.EML, name="a.eml", open_file=reader.open, unpacking=unpacking, before=before
    )
