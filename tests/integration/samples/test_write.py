"""Tesseract can read the generated images of text, or they would test nothing."""

from __future__ import annotations

import difflib
import subprocess
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from worker.embedded.child_process import clean_environment
from worker.samples.pictures import write_drawing, write_fax, write_invoice, write_sign_photo
from worker.samples.scan_texts import page_word
from worker.samples.scans import write_scan

pytestmark = pytest.mark.integration


def _read(picture: Path, language: str) -> str:
    output = subprocess.run(
        ["tesseract", str(picture), "-", "-l", language],
        env=clean_environment({"OMP_THREAD_LIMIT": "1"}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    return _squeeze(output)


def _squeeze(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _similarity(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


@pytest.mark.parametrize("language", ["jpn", "eng"])
def test_a_scanned_page_reads_well(tmp_path: Path, language: str) -> None:
    truths = write_scan(tmp_path / "scan.pdf", 2, language=language)
    subprocess.run(
        ["pdftoppm", "-gray", "-r", "200", "-f", "2", "-l", "2", "-singlefile", "scan.pdf", "page"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    read = _read(tmp_path / "page.pgm", language)
    assert _similarity(read, _squeeze(truths[1])) > 0.95
    assert page_word(2, language) in read


def test_the_invoice_reads_well(tmp_path: Path) -> None:
    truth = write_invoice(tmp_path / "invoice.jpg")
    assert _similarity(_read(tmp_path / "invoice.jpg", "jpn"), _squeeze(truth)) > 0.85


def test_the_sign_and_the_drawing_are_found_by_their_words(tmp_path: Path) -> None:
    write_sign_photo(tmp_path / "sign.jpg")
    write_drawing(tmp_path / "drawing.png")
    assert "立入禁止" in _read(tmp_path / "sign.jpg", "jpn")
    assert "取付ブラケット" in _read(tmp_path / "drawing.png", "jpn")


def test_the_fax_reads_well(tmp_path: Path) -> None:
    truths = write_fax(tmp_path / "fax.tiff")
    with Image.open(tmp_path / "fax.tiff") as fax:
        assert fax.info["compression"] == "group4"
    assert _similarity(_read(tmp_path / "fax.tiff", "eng"), _squeeze("".join(truths))) > 0.95
