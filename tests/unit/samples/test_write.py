"""The sample documents, each with its expected result."""

from __future__ import annotations

from pathlib import Path

import docx
import pypdfium2
import pytest
from PIL import Image

from worker.errors import Code
from worker.models.file import FileType
from worker.models.ledger import State
from worker.samples.write import Sample, write_samples

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="module")
def samples(folder: Path) -> dict[str, Sample]:
    return {sample.path.name: sample for sample in write_samples(folder)}


def test_every_kind_of_document_is_there(samples: dict[str, Sample]) -> None:
    results = {name: (s.file_type, s.pages, s.language, s.state, s.reason) for name, s in samples.items()}
    indexed = State.INDEXED
    assert results == {
        "営業報告書.pdf": (FileType.PDF, 3, "jpn", indexed, None),
        "技術仕様書.pdf": (FileType.PDF, 2, "jpn", indexed, None),
        "service_agreement.pdf": (FileType.PDF, 3, "eng", indexed, None),
        "地域産業白書_スキャン.pdf": (FileType.PDF, 12, "jpn", indexed, None),
        "請求書.jpg": (FileType.JPEG, 1, "jpn", indexed, None),
        "現場写真.jpg": (FileType.JPEG, 1, "jpn", indexed, None),
        "取付ブラケット図面.png": (FileType.PNG, 1, "jpn", indexed, None),
        "correspondence_fax.tiff": (FileType.TIFF, 3, "eng", indexed, None),
        "業務委託契約書.docx": (FileType.DOCX, 1, "jpn", indexed, None),
        "議事録_sjis.txt": (FileType.TEXT, 1, "jpn", indexed, None),
        "人事評価表_暗号化.pdf": (FileType.PDF, 0, None, State.NO_CONTENT, Code.ENCRYPTED),
        "破損ファイル.pdf": (FileType.PDF, 0, None, State.NO_CONTENT, Code.CORRUPT),
    }


def test_the_text_is_written_beside_every_sample(folder: Path, samples: dict[str, Sample]) -> None:
    for name, sample in samples.items():
        truth = (folder / "truth" / f"{name}.txt").read_text(encoding="utf-8")
        assert truth == sample.truth
        assert len(truth.split("\f")) == max(1, sample.pages)


@pytest.mark.parametrize("name", ["営業報告書.pdf", "技術仕様書.pdf", "service_agreement.pdf"])
def test_a_born_digital_pdf_has_its_text(samples: dict[str, Sample], name: str) -> None:
    with pypdfium2.PdfDocument(samples[name].path) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    assert [_squeeze(text) for text in texts] == [_squeeze(truth) for truth in samples[name].page_truths]


def test_only_the_sales_report_mentions_sales(samples: dict[str, Sample]) -> None:
    assert [name for name, sample in samples.items() if "営業" in sample.truth] == ["営業報告書.pdf"]


def test_the_encrypted_pdf_asks_for_a_password(samples: dict[str, Sample]) -> None:
    path = samples["人事評価表_暗号化.pdf"].path
    with pytest.raises(pypdfium2.PdfiumError, match="password"):
        pypdfium2.PdfDocument(path)
    with pypdfium2.PdfDocument(path, password="aoba-2025") as document:
        assert "人事評価表" in document[0].get_textpage().get_text_range()


def test_the_corrupt_pdf_cannot_be_opened(samples: dict[str, Sample]) -> None:
    path = samples["破損ファイル.pdf"].path
    assert path.read_bytes().startswith(b"%PDF-")
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(path)


def test_the_word_document_holds_paragraphs_and_a_table(samples: dict[str, Sample]) -> None:
    sample = samples["業務委託契約書.docx"]
    document = docx.Document(str(sample.path))
    table = ["\t".join(cell.text for cell in row.cells) for row in document.tables[0].rows]
    assert [*(paragraph.text for paragraph in document.paragraphs), *table] == sample.truth.split("\n")


def test_the_minutes_are_shift_jis(samples: dict[str, Sample]) -> None:
    sample = samples["議事録_sjis.txt"]
    assert sample.path.read_bytes().decode("shift_jis") == sample.truth
    with pytest.raises(UnicodeDecodeError):
        sample.path.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("name", "kind", "frames"),
    [
        ("請求書.jpg", "JPEG", 1),
        ("現場写真.jpg", "JPEG", 1),
        ("取付ブラケット図面.png", "PNG", 1),
        ("correspondence_fax.tiff", "TIFF", 3),
    ],
)
def test_the_pictures_have_the_format_of_their_extension(
    samples: dict[str, Sample], name: str, kind: str, frames: int
) -> None:
    with Image.open(samples[name].path) as picture:
        assert (picture.format, getattr(picture, "n_frames", 1)) == (kind, frames)


def test_the_same_bytes_are_written_every_time(tmp_path: Path, samples: dict[str, Sample]) -> None:
    for sample in write_samples(tmp_path):
        assert sample.path.read_bytes() == samples[sample.path.name].path.read_bytes(), sample.path.name


def _squeeze(text: str) -> str:
    return "".join(text.split())
