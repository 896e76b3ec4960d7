"""Asking for a searchable PDF: processes that fail, hang or leave something else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.stand_ins.reading import options
from worker.config import sandbox_environment
from worker.errors import Code, RejectedError
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.searchable import searchable_client
from worker.sandbox.searchable.messages import TARGET_NAME, SearchableRequest
from worker.sandbox.searchable.searchable_client import make_searchable, open_result

pytestmark = pytest.mark.unit

_PAGE = Page(
    number=1, text="本", source=TextSource.OCR, words='[["本",5,5,20,20,9]]', width_px=60, height_px=40
)


def request(folder: Path, **limits: float) -> SearchableRequest:
    path = folder / "original"
    Image.new("L", (60, 40)).save(path, "PNG")
    return SearchableRequest(
        path=path,
        folder=folder,
        file_type=FileType.PNG,
        pages=(_PAGE,),
        limits=options(**limits).limits,  # type: ignore[arg-type]
    )


def code_of(asked: SearchableRequest) -> Code:
    with pytest.raises(RejectedError) as raised:
        make_searchable(asked, sandbox_environment())
    return raised.value.code


def test_the_pdf_is_made_in_the_folder(tmp_path: Path) -> None:
    answer = make_searchable(request(tmp_path), sandbox_environment())
    assert (answer.pages, answer.with_text) == (1, 1)
    with os.fdopen(open_result(tmp_path, max_bytes=10**6), "rb") as file:
        assert file.read().startswith(b"%PDF-")


def test_what_the_file_does_not_allow_is_said(tmp_path: Path) -> None:
    asked = request(tmp_path)
    asked.path.write_bytes(b"no picture")
    assert code_of(asked) is Code.CORRUPT


def test_it_reads_and_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    asked = request(folder)
    secret = tmp_path / "secret.png"
    asked.path.rename(secret)
    assert code_of(replace(asked, path=secret)) is Code.CORRUPT
    (folder / TARGET_NAME).symlink_to(tmp_path / "written.pdf")
    assert code_of(request(folder)) is Code.UNAVAILABLE
    assert not (tmp_path / "written.pdf").exists()


def test_its_limits_are_kept(tmp_path: Path) -> None:
    assert code_of(request(tmp_path, output_bytes=200)) in (Code.UNAVAILABLE, Code.CRASHED)


def test_one_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchable_client, "_START_S", 0.0)
    asked = request(tmp_path, document_timeout_s=0.01, document_timeout_per_page_s=0.01)
    assert code_of(asked) is Code.TIMEOUT


@pytest.mark.parametrize("kind", ["none", "link", "pipe", "folder", "text", "large"])
def test_only_a_pdf_is_taken(tmp_path: Path, kind: str) -> None:
    target, other = tmp_path / TARGET_NAME, tmp_path / "other.pdf"
    other.write_bytes(b"%PDF-1.7")
    match kind:
        case "link":
            target.symlink_to(other)
        case "pipe":
            os.mkfifo(target)
        case "folder":
            target.mkdir()
        case "text":
            target.write_bytes(b"text")
        case "large":
            target.write_bytes(b"%PDF-1.7".ljust(101))
    with pytest.raises(RejectedError, match="no PDF"):
        open_result(tmp_path, max_bytes=100)
