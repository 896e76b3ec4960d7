"""A workbook in a legacy text document, as LibreOffice writes both, is taken out and read."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.extract.extractors import EXTRACTORS
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = pytest.mark.integration

_OPTIONS = read_options(Settings())
_OFFICE = "http://schemas.openxmlformats.org"
_OBJECT = f"""<w:r xmlns:w="{_OFFICE}/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml"
 xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:r="{_OFFICE}/officeDocument/2006/relationships">
<w:object><v:shape id="s1" style="width:100pt;height:30pt"><v:imagedata r:id="IMAGE"/></v:shape>
<o:OLEObject Type="Embed" ProgID="Excel.Sheet.12" ShapeID="s1" DrawAspect="Content" ObjectID="_1"
 r:id="SHEET"/>
</w:object></w:r>"""


def _text_with_a_workbook() -> bytes:
    book, cells, drawn, data = openpyxl.Workbook(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    book.active["A1"] = "in the workbook"
    book.save(cells)
    Image.new("RGB", (200, 60), "white").save(drawn, "PNG")
    document = docx.Document()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    part = Part(PackURI("/word/embeddings/sheet1.xlsx"), kind, cells.getvalue(), document.part.package)
    sheet = document.part.relate_to(part, f"{_OFFICE}/officeDocument/2006/relationships/package")
    image, _ = document.part.get_or_add_image(drawn)
    markup = _OBJECT.replace("IMAGE", image).replace("SHEET", sheet)
    document.add_paragraph("in the text")._p.append(parse_xml(markup))
    document.save(data)
    return data.getvalue()


def test_a_workbook_in_a_text_of_word_97_is_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_program: Callable[[str], str]
) -> None:
    require_program("soffice")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = tmp_path / "made"
    made.write_bytes(_text_with_a_workbook())
    to_word = Conversion(suffix="docx", reader="MS Word 2007 XML", writer="doc:MS Word 97")
    path = tmp_path / "original"
    shutil.move(convert(made, to_word, timeout_s=300), path)

    assert detect_file_type(path, "a.doc") is FileType.DOC
    (contained,) = EXTRACTORS[FileType.DOC](path, _OPTIONS).contained
    inner = tmp_path / "inner"
    inner.write_bytes(contained.open().read())
    kind = detect_file_type(inner, contained.name)
    assert kind is FileType.XLS
    pages = list(EXTRACTORS[kind](inner, _OPTIONS).pages)
    assert ["in the workbook" in page.text for page in pages if isinstance(page, Page)] == [True]
