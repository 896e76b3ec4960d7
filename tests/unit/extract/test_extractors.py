"""Which types are read, and that damage anywhere in a file is an outcome with a code and never a crash."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import docx
import pptx
import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from PIL import Image
from pptx.util import Inches

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import OCRError, RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_MUTANTS = 60


def test_every_type_but_unsupported_has_an_extractor() -> None:
    assert set(EXTRACTORS) == set(FileType) - {FileType.UNSUPPORTED}


def _picture() -> io.BytesIO:
    buffer = io.BytesIO()
    Image.effect_noise((100, 80), 90).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def _docx() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("営業報告書")
    document.add_table(rows=1, cols=2).rows[0].cells[0].text = "品名"
    document.add_picture(_picture())
    document.save(buffer)
    return buffer.getvalue()


def _xlsx() -> bytes:
    buffer = io.BytesIO()
    book = Workbook()
    book.active.append(["品名", 0.5, 45000])
    book.active["A1"].comment = Comment("a note", "me")
    book.save(buffer)
    return buffer.getvalue()


def _pptx() -> bytes:
    buffer = io.BytesIO()
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_picture(_picture(), Inches(0), Inches(0))
    slide.shapes.add_table(1, 1, Inches(0), Inches(0), Inches(1), Inches(1))
    deck.save(buffer)
    return buffer.getvalue()


def _mutated(data: bytes, dice: random.Random) -> bytes:
    """The same with a few bytes altered, removed or repeated."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 3, 10))):
        at = dice.randrange(len(changed) or 1)
        length = dice.randrange(1, 40)
        match dice.randrange(3):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[at : at + length]
            case _:
                changed[at:at] = changed[at : at + length]
    return bytes(changed)


def _mutated_archive(data: bytes, dice: random.Random) -> bytes:
    """The archive with one part mutated, or mutated as a whole."""
    if dice.random() < 0.2:
        return _mutated(data, dice)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        victim = dice.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, _mutated(part, dice) if name == victim else part)
    return buffer.getvalue()


def _read_all(file_type: FileType, path: Path, folder: Path) -> None:
    source = EXTRACTORS[file_type](path, _OPTIONS)
    for page in source.pages:
        if isinstance(page, int):
            with suppress(OCRError):
                source.render(page, folder).unlink()


@pytest.mark.parametrize(
    ("file_type", "make"), [(FileType.DOCX, _docx), (FileType.XLSX, _xlsx), (FileType.PPTX, _pptx)]
)
def test_damage_anywhere_in_an_office_file_has_a_code(
    tmp_path: Path, file_type: FileType, make: Callable[[], bytes]
) -> None:
    whole, dice = make(), random.Random(5)
    path = tmp_path / "a"
    path.write_bytes(whole)
    _read_all(file_type, path, tmp_path)
    read = 0
    for _ in range(_MUTANTS):
        path.write_bytes(_mutated_archive(whole, dice))
        with suppress(RejectedError):
            _read_all(file_type, path, tmp_path)
            read += 1
    assert 0 < read < _MUTANTS
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
