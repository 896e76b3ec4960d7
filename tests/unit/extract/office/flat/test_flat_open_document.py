"""OpenDocument as one XML file."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stand_ins.programs import StandInOffice
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code
from worker.extract.office.flat import flat_open_document
from worker.extract.office.flat.flat_document import open_xml_file
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

_OPTIONS = ReadOptions(
    limits=replace(limits(Settings()), page_timeout_s=10.0), languages=("jpn", "eng"), dpi=200
)
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style")
)
_BODY = (
    "<office:body><office:text><text:tracked-changes><text:changed-region text:id='c'><text:deletion>"
    "<text:p>old</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    "<text:p>this<text:change text:change-id='c'/> stays</text:p></office:text></office:body>"
)


def _open(folder: Path, kind: str = "text", body: str = _BODY) -> PageSource:
    path = folder / "a.fodt"
    styles = "<office:styles/><office:automatic-styles/><office:master-styles/><office:meta>no</office:meta>"
    path.write_text(
        f'<office:document {_SPACES} office:version="1.3" '
        f'office:mimetype="application/vnd.oasis.opendocument.{kind}">{styles}{body}</office:document>'
    )
    return open_xml_file(path, _OPTIONS)


def _text(source: PageSource) -> str:
    (page,) = source.pages
    assert isinstance(page, Page)
    return page.text


def test_it_is_read_as_the_archive_that_it_would_be(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves('cp "$input" "$here/given"')
    source = _open(tmp_path)

    assert "--infilter=writer8" in soffice.calls()[0]
    with zipfile.ZipFile(soffice.folder / "given") as archive:
        assert archive.namelist()[0] == "mimetype"
        content, styles = archive.read("content.xml").decode(), archive.read("styles.xml").decode()
    assert "<text:p>this stays</text:p>" in content
    assert "old" not in content
    assert ("automatic-styles" in content, "automatic-styles" in styles) == (True, True)
    assert ("master-styles" in content, "master-styles" in styles) == (False, True)
    # The stand-in makes nothing of it: then it is read as other XML is.
    assert source.unread == (Code.CORRUPT,)
    assert "this stays" in _text(source)


@pytest.mark.parametrize(
    ("kind", "reader"),
    [("spreadsheet", "calc8"), ("presentation", "impress8"), ("graphics-template", "draw8")],
)
def test_every_kind_has_its_reader(tmp_path: Path, soffice: StandInOffice, kind: str, reader: str) -> None:
    soffice.behaves("exit 0")
    _open(tmp_path, kind)

    assert f"--infilter={reader}" in soffice.calls()[0]


@pytest.mark.usefixtures("no_soffice")
def test_without_libreoffice_it_is_read_as_xml(tmp_path: Path) -> None:
    source = _open(tmp_path)

    assert source.unread == (Code.NEEDS_LIBREOFFICE,)
    assert _text(source).split("\n")[-1] == "this stays"


def test_kinds_that_are_unknown_and_large_files_are_named(
    tmp_path: Path, soffice: StandInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    soffice.behaves("exit 0")
    assert _open(tmp_path, "chart").unread == (Code.CORRUPT,)
    monkeypatch.setattr(flat_open_document, "_MAX_TREE_BYTES", 100)
    assert _open(tmp_path).unread == (Code.TOO_LARGE,)
    assert soffice.calls() == []
