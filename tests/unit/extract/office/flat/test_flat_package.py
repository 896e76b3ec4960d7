"""A whole docx or pptx as one XML file."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.flat.flat_package import open_flat_package
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _flat(folder: Path, save: Callable[[io.BytesIO], None]) -> Path:
    """The parts of a saved document in one file."""
    buffer = io.BytesIO()
    save(buffer)
    parts = []
    with zipfile.ZipFile(buffer) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith((".xml", ".rels")):
                xml = data.decode().partition("?>")[2]
                parts.append(f'<p:part p:name="/{name}"><p:xmlData>{xml}</p:xmlData></p:part>')
            else:
                text = base64.encodebytes(data).decode()
                parts.append(f'<p:part p:name="/{name}"><p:binaryData>{text}</p:binaryData></p:part>')
    path = folder / "a.xml"
    start = '<?xml version="1.0"?><p:package xmlns:p="http://schemas.microsoft.com/office/2006/xmlPackage">'
    path.write_text(f"{start}{''.join(parts)}</p:package>", encoding="utf-8")
    return path


def test_a_document_has_its_text_its_numbers_and_its_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.effect_noise((200, 100), 50).save(picture)
    document = docx.Document()
    document.add_paragraph("営業報告書")
    document.add_paragraph("first", style="List Number")
    document.add_picture(str(picture))
    text, number = open_flat_package(_flat(tmp_path, document.save), _OPTIONS).pages

    assert isinstance(text, Page)
    assert text.text == "営業報告書\n1. first"
    assert number == 2


def test_a_deck_has_its_slides(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Slide"
    (page,) = open_flat_package(_flat(tmp_path, deck.save), _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "Slide"


def test_a_package_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<package><part name='/x/a.xml'/></package>")

    with pytest.raises(ValueError, match="no part of Word"):
        open_flat_package(path, _OPTIONS)
