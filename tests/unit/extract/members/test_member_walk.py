"""The pages of a document and of the files in it, in one stable order."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.stand_ins.member_files import MEMBER_LIMITS, MemberReader, files_of, walk_of
from worker.errors import Code
from worker.extract.members.member_walk import MemberBegins, MemberIsOpen, MemberWalk, ReadBefore
from worker.extract.members.unpacking import Unpacking
from worker.extract.page_source import ContainedFile, PageSource
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = pytest.mark.unit


def story(walk: MemberWalk) -> list[object]:
    """What a walk yields: paths, page counts, and numbers of pages with their reasons."""
    found: list[object] = []
    for item in walk.items():
        if isinstance(item, MemberBegins):
            found.append(item.path)
        elif isinstance(item, MemberIsOpen):
            found.append([item.pages])
        else:
            found.append((item.number, item.reason) if isinstance(item, Page) else item)
    return found


def test_pages_are_numbered_through_and_files_within_files_follow_their_container(tmp_path: Path) -> None:
    walk = walk_of(tmp_path, "a.pdf=pages 2", "b.zip=in x.txt=pages 1|y.txt=pages 1", "c.pdf=scan 1")
    assert story(walk) == [
        (1, None),
        *("a.pdf", [2], (2, None), (3, None)),
        *("b.zip", [1], (4, None)),
        *("b.zip › x.txt", [1], (5, None)),
        *("b.zip › y.txt", [1], (6, None)),
        *("c.pdf", [1], 7),
    ]
    assert walk.unread == []


def test_a_file_that_cannot_be_read_is_one_page_with_its_reason(tmp_path: Path) -> None:
    walk = walk_of(tmp_path, "a.pdf=fails", "b.pdf=half", "c.pdf=pages 1")
    assert story(walk) == [
        (1, None),
        *("a.pdf", [0], (2, "encrypted")),
        *("b.pdf", [3], (3, None), (4, "crashed"), (5, "crashed")),
        *("c.pdf", [1], (6, None)),
    ]


def test_a_file_that_was_lost_is_not_touched_again_and_the_numbers_stay(tmp_path: Path) -> None:
    reader = MemberReader()
    before = ReadBefore(pages=frozenset({1, 2}), lost=frozenset({2}))
    walk = walk_of(tmp_path, "a.pdf=pages 9", "b.pdf=pages 1", before=before, reader=reader)
    assert story(walk) == ["a.pdf", [0], "b.pdf", [1], (3, None)]
    assert reader.opened == ["pages 1"]


def test_a_page_that_no_one_needs_any_more_is_not_come_to(tmp_path: Path) -> None:
    before = ReadBefore(pages=frozenset({2, 3, 4}))
    walk = walk_of(tmp_path, "b.pdf=half", "c.pdf=pages 1", before=before)
    assert story(walk) == [(1, None), "b.pdf", [3], "c.pdf", [1], (5, None)]


def test_pages_behind_the_last_one_needed_are_not_come_to(tmp_path: Path) -> None:
    before = ReadBefore(pages=frozenset({1, 3, 4}))
    walk = walk_of(tmp_path, "b.pdf=half", "c.pdf=pages 1", before=before)
    assert story(walk) == ["b.pdf", [3], (2, None), "c.pdf", [1], (5, None)]


def test_files_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    limits = replace(MEMBER_LIMITS, max_members=2)
    walk = walk_of(tmp_path, *(f"{n}.pdf=pages 1" for n in range(6)), limits=limits)
    items = list(walk.items())
    last = items[-1]
    assert isinstance(last, Page)
    assert (last.number, last.reason) == (4, "too_many_members")
    assert "4 files beyond the first 2" in last.message


def test_containers_too_deep_are_read_and_their_files_are_not(tmp_path: Path) -> None:
    limits = replace(MEMBER_LIMITS, max_depth=2)
    walk = walk_of(tmp_path, "a.zip=in b.zip=in c.zip=in d.txt=pages 1", limits=limits)
    items = list(walk.items())
    assert [item.path for item in items if isinstance(item, MemberBegins)] == ["a.zip", "a.zip › b.zip"]
    pages = [item for item in items if isinstance(item, Page)]
    assert pages[-1].unread == ("too_deep",)


def test_pages_of_files_are_drawn_by_their_own_numbers(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    walk = walk_of(tmp_path, "a.pdf=scan 2", "b.pdf=scan 2")
    list(walk.items())
    assert walk.render(5, drawn).read_text() == "scan 2: 2"
    assert walk.render(2, drawn).read_text() == "scan 2: 1"
    assert sorted(path.name for path in drawn.iterdir()) == ["page-00002.pgm", "page-00005.pgm"]


def test_only_so_many_pages_need_ocr(tmp_path: Path) -> None:
    walk = walk_of(tmp_path, "a.pdf=scan 2", "b.pdf=scan 2", limits=replace(MEMBER_LIMITS, max_pages=3))
    assert story(walk)[-1] == (5, "too_many_pages")


def test_files_that_need_no_ocr_are_removed_from_the_disk(tmp_path: Path) -> None:
    list(walk_of(tmp_path, "a.pdf=pages 2", "b.pdf=scan 1").items())
    assert [path.name for path in tmp_path.iterdir()] == ["00002"]


def test_a_compressed_file_without_a_name_is_called_as_its_container(tmp_path: Path) -> None:
    assert story(walk_of(tmp_path, "=pages 1"))[1] == "a"
    walk = walk_of(tmp_path, "b/c.zip=in d.txt.gz=in =pages 1")
    assert [each for each in story(walk) if isinstance(each, str)][-1] == "b/c.zip › d.txt.gz › d.txt"


def test_the_preview_is_that_of_the_first_file_that_can_be_drawn(tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 8))
    reader = MemberReader()

    def open_file(path: Path, name: str, _known: FileType | None) -> tuple[FileType, PageSource]:
        _, source = reader.open(path, name)
        drawn = picture if name == "b.png" else None
        return FileType.PNG, replace(source, preview=lambda: drawn)

    root = reader.source(0, iter(()), tmp_path, files_of(["a.pdf=pages 1", "b.png=pages 1"]))
    unpacking = Unpacking(limits=MEMBER_LIMITS, folder=tmp_path, document_bytes=1)
    walk = MemberWalk(
        root, FileType.ZIP, name="a.zip", open_file=open_file, unpacking=unpacking, before=ReadBefore()
    )
    list(walk.items())
    assert walk.has_preview
    assert walk.preview() == (FileType.PNG, picture)


def test_the_rest_of_a_damaged_container_is_said_and_what_came_before_is_kept(tmp_path: Path) -> None:
    def damaged() -> Iterator[ContainedFile]:
        yield from files_of(["a.pdf=pages 1"])
        raise zipfile.BadZipFile

    reader = MemberReader()
    root = reader.source(0, iter(()), tmp_path, damaged())
    unpacking = Unpacking(limits=MEMBER_LIMITS, folder=tmp_path, document_bytes=1)
    walk = MemberWalk(
        root, FileType.ZIP, name="a.zip", open_file=reader.open, unpacking=unpacking, before=ReadBefore()
    )
    assert story(walk) == ["a.pdf", [1], (1, None)]
    assert walk.unread == [Code.CRASHED]


def test_what_a_scan_leaves_unread_is_said_by_the_document(tmp_path: Path) -> None:
    class Reader(MemberReader):
        def open(self, path: Path, name: str, _known: FileType | None = None) -> tuple[FileType, PageSource]:
            kind, source = super().open(path, name)
            return kind, replace(source, unread=(Code.TOO_DEEP,))

    walk = walk_of(tmp_path, "a.pdf=scan 2", reader=Reader())
    assert story(walk) == [(1, None), "a.pdf", [2], 2, 3]
    assert walk.unread == [Code.TOO_DEEP]
