"""Workbooks with the password of Excel itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from tests.stand_ins.programs import StandInOffice
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.office import default_password
from worker.extract.office.default_password import decrypted_workbook
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_OPTIONS = ReadOptions(
    limits=replace(limits(Settings()), page_timeout_s=10.0), languages=("jpn", "eng"), dpi=200
)
_FILE_PASS = b"\x09\x08\x10\0" + bytes(16) + b"\x2f\0\2\0\0\0\x0a\0\0\0"


@pytest.fixture(params=[FileType.XLSX, FileType.XLS])
def locked(request: pytest.FixtureRequest, tmp_path: Path, write_ole: WriteOle) -> tuple[FileType, Path]:
    """An encrypted workbook of each kind."""
    streams = {"Workbook": _FILE_PASS} if request.param is FileType.XLS else {"EncryptedPackage": b"x"}
    return request.param, write_ole(tmp_path / "original", streams)


def test_what_libreoffice_opens_without_a_password_is_read(
    soffice: StandInOffice, locked: tuple[FileType, Path]
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["保護された値"])
    book.save(soffice.folder / "ready.xlsx")
    soffice.behaves('cp "$here/ready.xlsx" "$out/document.xlsx"')
    file_type, path = locked
    source = EXTRACTORS[file_type](path, _OPTIONS)
    (page,) = source.pages

    assert isinstance(page, Page)
    assert page.text == "Sheet\n保護された値"
    assert list(source.contained) == []


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("exit 0", Code.ENCRYPTED), ("exit 1", Code.ENCRYPTED), ("while :; do :; done", Code.TIMEOUT)],
)
def test_what_it_does_not_open_is_encrypted(
    soffice: StandInOffice, locked: tuple[FileType, Path], behaviour: str, code: Code
) -> None:
    soffice.behaves(behaviour)
    file_type, path = locked
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, page_timeout_s=1.0))
    with pytest.raises(RejectedError) as caught:
        EXTRACTORS[file_type](path, options)
    assert caught.value.code is code


@pytest.mark.usefixtures("no_soffice")
def test_without_libreoffice_it_is_encrypted(locked: tuple[FileType, Path]) -> None:
    file_type, path = locked
    with pytest.raises(RejectedError) as caught:
        EXTRACTORS[file_type](path, _OPTIONS)
    assert caught.value.code is Code.ENCRYPTED


def test_large_ones_are_not_tried(
    soffice: StandInOffice, locked: tuple[FileType, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_password, "_MAX_BYTES", 10)
    file_type, path = locked
    with pytest.raises(RejectedError):
        EXTRACTORS[file_type](path, _OPTIONS)
    assert soffice.calls() == []


def test_a_workbook_that_is_not_encrypted_stays_as_it_is(
    tmp_path: Path, soffice: StandInOffice, write_ole: WriteOle
) -> None:
    path = write_ole(tmp_path / "a", {"Workbook": b"x"})
    assert decrypted_workbook(path, _OPTIONS) == path
    assert soffice.calls() == []
