"""OCREngine as its callers use it; Tesseract is a stand-in program."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr import ocr_engine, page_recognition
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.network.page_reading import NetworkPage
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
_SECOND_PASS = LineRerecognition(confidence=90, max_lines=40, max_pixels=10**6)
_WORD = "5\t1\t1\t1\t1\t1\t10\t20\t60\t30\t91.5\t営業報告書\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.png"
    Image.linear_gradient("L").resize((1000, 800)).convert("RGB").save(path)
    return path


def test_a_page_has_text_boxes_confidence_and_language(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD)

    result = OCREngine().read_page(page, number=3, hint=None)

    assert (result.number, result.text, result.source) == (3, "営業報告書", TextSource.OCR)
    assert (result.language, result.confidence) == ("jpn", 91.5)
    assert json.loads(result.words) == [["営業報告書", 10, 20, 60, 30, 92]]
    assert (result.width_px, result.height_px) == (1000, 800)
    assert result.ocr_s > 0
    assert result.reason is None


def test_a_page_without_words_has_no_language_and_no_confidence(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER)

    result = OCREngine().read_page(page, number=1, hint="jpn")

    assert (result.text, result.language, result.confidence, result.words) == ("", None, None, "[]")


def test_a_blank_page_takes_no_pass(tesseract: Path, tmp_path: Path) -> None:
    blank = tmp_path / "blank.pgm"
    Image.new("L", (1000, 800), 255).save(blank)

    assert OCREngine().read_page(blank, number=7, hint="jpn") == Page(
        number=7, text="", source=TextSource.BLANK
    )
    assert OCREngine().extract_text(blank) == ""
    assert not (tesseract / "calls").exists()


def test_vertical_text_is_reported_in_its_language(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD.replace("91.5", "20"))
    (tesseract / "jpn_vert.tsv").write_text(_HEADER + _WORD)

    result = OCREngine(languages=["jpn"]).read_page(page, number=1, hint=None)

    assert (result.language, result.confidence) == ("jpn", 91.5)


def test_the_hint_is_read_first(tesseract: Path, page: Path) -> None:
    (tesseract / "eng.tsv").write_text(_HEADER + _WORD.replace("営業報告書", "report"))

    assert OCREngine().read_page(page, number=2, hint="eng").language == "eng"


def test_a_program_that_hangs_is_ended(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.sh").write_text("exec sleep 60")

    with pytest.raises(OCRError) as caught:
        OCREngine(page_timeout_s=0.3).read_page(page, number=1, hint=None)

    assert caught.value.code is Code.TIMEOUT


@pytest.mark.parametrize("as_text", [True, False])
def test_the_text_of_a_picture(tesseract: Path, page: Path, as_text: bool) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD)

    assert OCREngine().extract_text(str(page) if as_text else page) == "営業報告書"


def test_preprocessing_gives_tesseract_black_and_white(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD)

    assert OCREngine().extract_text(page, preprocess=True) == "営業報告書"

    with Image.open(tesseract / "last-input") as picture:
        assert set(picture.tobytes()) == {0, 255}


def test_detecting_the_language_lets_every_language_read(tesseract: Path, page: Path) -> None:
    for model in ("jpn", "eng"):
        (tesseract / f"{model}.tsv").write_text(_HEADER + _WORD)

    OCREngine().extract_text(page, auto_detect_language=True)

    assert [line.split()[0] for line in (tesseract / "calls").read_text().splitlines()] == ["jpn", "eng"]


def test_no_temporary_file_is_left(
    tesseract: Path, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD.replace("91.5", "20"))

    OCREngine().extract_text(page, preprocess=True)

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("method", ["extract_text", "extract_text_from_pdf"])
def test_a_missing_file_is_named(tmp_path: Path, method: str) -> None:
    missing = tmp_path / "nowhere"

    with pytest.raises(OCRError, match=f"^File not found: {missing}$") as caught:
        getattr(OCREngine(), method)(missing)

    assert not caught.value.retry_allowed


def test_a_file_that_is_no_pdf_is_refused(page: Path, require_program: Callable[[str], str]) -> None:
    require_program("pdfinfo")

    with pytest.raises(OCRError, match=r"page\.png: not a PDF"):
        OCREngine().extract_text_from_pdf(page)


def test_missing_poppler_says_what_to_install(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    with pytest.raises(MisconfiguredError, match="install poppler-utils") as caught:
        OCREngine().extract_text_from_pdf(page)

    assert caught.value.code is Code.PROGRAM_MISSING


@pytest.mark.parametrize(
    ("program", "script", "code", "message"),
    [
        ("pdftoppm", "exec sleep 60", Code.TIMEOUT, "not drawn within"),
        ("pdftoppm", "exit 1", Code.OCR_FAILED, "page 1 cannot be drawn"),
        ("pdfinfo", "exec sleep 60", Code.TIMEOUT, "not drawn within"),
    ],
)
def test_a_page_that_cannot_be_drawn_fails_the_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, script: str, code: Code, message: str
) -> None:
    for name, body in (("pdfinfo", "echo 'Pages: 2'"), ("pdftoppm", "exit 0"), (program, script)):
        path = tmp_path / name
        path.write_text(
            f'#!/bin/sh\nif [ "$1" = -v ]; then echo "pdftoppm version 22.12.0" >&2; exit 0; fi\n{body}\n'
        )
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")

    with pytest.raises(OCRError, match=message) as caught:
        OCREngine(page_timeout_s=0.5).extract_text_from_pdf(tmp_path / "a.pdf")

    assert caught.value.code is code


@pytest.mark.parametrize(
    ("confidence", "threshold", "good"),
    [(70.0, 70.0, True), (69.9, 70.0, False), (85.0, 90.0, False), (float("nan"), 70.0, False)],
)
def test_confidence_is_compared_with_a_threshold(confidence: float, threshold: float, good: bool) -> None:
    assert OCREngine().validate_confidence(confidence, threshold) is good


def test_the_usual_threshold_is_70() -> None:
    assert OCREngine().validate_confidence(70.0)
    assert not OCREngine().validate_confidence(69.0)


def test_languages_are_kept_in_order() -> None:
    assert OCREngine().languages == ["jpn", "eng"]
    assert OCREngine(languages=("eng",)).languages == ["eng"]


def test_no_language_at_all_is_a_wrong_setting() -> None:
    with pytest.raises(MisconfiguredError, match="at least one language"):
        OCREngine(languages=())


def test_a_page_with_an_unsure_line_gets_a_second_pass(
    tesseract: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD.replace("91.5", "85"))
    seen: list[str] = []

    def second_pass(
        _picture: Image.Image, text: OcrText, _options: LineRerecognition, **_read: object
    ) -> tuple[OcrText, int]:
        seen.append(text.text)
        return text, 1

    monkeypatch.setattr(page_recognition, "read_page", lambda _page, **_options: None)
    monkeypatch.setattr(page_recognition, "rerecognise_lines", second_pass)
    monkeypatch.setattr(ocr_engine, "network_label", lambda _languages: "openvino bf16")

    result = OCREngine(second_pass=_SECOND_PASS).read_page(page, number=1, hint="jpn")

    assert seen == ["営業報告書"]
    assert (result.engine, result.unread) == ("tesseract jpn + 1 lines openvino bf16", ())


def test_what_the_network_reads_alone_tesseract_does_not_read(
    tesseract: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = Word(text="産業白書", left=1, top=2, width=30, height=9, confidence=99.0)
    line = Line(words=(word,), left=1, top=2, width=30, height=9, opens_paragraph=True)
    found = NetworkPage(ocr_text=OcrText.from_lines([line]), script="Hani", degrees=90, engine="openvino f32")
    monkeypatch.setattr(page_recognition, "read_page", lambda _page, **_options: found)
    with Image.open(page) as image:
        size_px = image.size

    result = OCREngine(second_pass=_SECOND_PASS).read_page(page, number=1, hint=None)

    assert (result.text, result.engine, result.language) == ("産業白書", "openvino f32 jpn", "jpn")
    assert (result.height_px, result.width_px) == size_px
    assert not (tesseract / "calls").exists()


@pytest.mark.parametrize(
    "places", [("read_page",), ("rerecognise_lines",), ("read_page", "rerecognise_lines")]
)
def test_a_network_that_fails_leaves_the_page_to_tesseract(
    tesseract: Path, page: Path, monkeypatch: pytest.MonkeyPatch, places: tuple[str, ...]
) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD.replace("91.5", "85"))

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("no memory may be executed")

    monkeypatch.setattr(page_recognition, "read_page", lambda _page, **_options: None)
    for place in places:
        monkeypatch.setattr(page_recognition, place, fail)

    result = OCREngine(second_pass=_SECOND_PASS).read_page(page, number=1, hint="jpn")

    assert (result.text, result.engine) == ("営業報告書", "tesseract jpn")
    assert (result.unread, result.message) == (
        ("network_failed",),
        "RuntimeError: no memory may be executed",
    )


def test_a_text_that_was_read_survives_the_failure_of_what_improves_it(
    tesseract: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD)

    def fail(*_arguments: object) -> OcrText:
        raise OCRError("the program was killed")

    monkeypatch.setattr(page_recognition, "read_uncovered_ink", fail)

    result = OCREngine().read_page(page, number=1, hint="jpn")

    assert (result.text, result.unread) == ("営業報告書", ("ocr_failed",))
    assert result.message == "OCRError: the program was killed"


@pytest.mark.parametrize("place", ["read_page", "rerecognise_lines"])
def test_want_of_memory_is_no_failure_of_the_network(
    tesseract: Path, page: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tesseract / "jpn.tsv").write_text(_HEADER + _WORD)

    def fail(*_arguments: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(page_recognition, "read_page", lambda _page, **_options: None)
    monkeypatch.setattr(page_recognition, place, fail)

    with pytest.raises(MemoryError):
        OCREngine(second_pass=_SECOND_PASS).read_page(page, number=1, hint="jpn")
