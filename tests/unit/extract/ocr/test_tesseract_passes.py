"""How many passes a page takes, and which text is kept; Tesseract is a stand-in program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.extract.ocr.tesseract_answers import (
    BOTH,
    JAPANESE,
    LATIN,
    LATIN_NOISE,
    NOISE,
    answers,
    dashes,
    models_asked,
    tsv,
)
from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr.engines import ENGINES
from worker.extract.ocr.page_picture import PictureFolder, picture_of
from worker.extract.ocr.tesseract_passes import Pass, TesseractPasses

pytestmark = pytest.mark.unit


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page-1.pgm"
    dashes(1000, 800).save(path)
    return path


def _read(
    page: Path,
    *,
    first: str = "jpn",
    languages: tuple[str, ...] = BOTH,
    every: bool = False,
    failures: list[Code] | None = None,
) -> Pass:
    failed = [] if failures is None else failures
    passes = TesseractPasses(
        picture_of(page)[0],
        pictures=PictureFolder(page.parent, page.name),
        engine=ENGINES["tesseract"],
        dpi=200,
        name=page.name,
        note=lambda code, _error: failed.append(code),
    )
    return passes.read(languages, first, every_language=every)


@pytest.mark.parametrize(
    ("first", "texts", "kept"),
    [
        ("jpn", {"jpn": (LATIN, 85.0), "eng": (LATIN, 94.0)}, "eng"),
        # The confidences of two models have nothing to do with each other.
        ("jpn", {"jpn": (LATIN, 95.0), "eng": (LATIN, 71.0)}, "eng"),
        ("jpn", {"jpn": (LATIN_NOISE, 76.0), "eng": (LATIN, 39.0)}, "eng"),
        ("eng", {"eng": (LATIN, 94.0)}, "eng"),
        ("eng", {"eng": (LATIN_NOISE, 30.0), "jpn": (JAPANESE, 90.0)}, "jpn"),
        (
            "jpn",
            {"jpn": (NOISE, 20.0), "jpn_vert": (JAPANESE, 90.0), "eng": (LATIN_NOISE, 15.0)},
            "jpn_vert",
        ),
    ],
    ids=["english", "less sure", "table", "hint", "wrong hint", "vertical"],
)
def test_the_model_whose_text_is_plausible_is_kept(
    tesseract: Path, page: Path, first: str, texts: dict[str, tuple[str, float]], kept: str
) -> None:
    answers(tesseract, **texts)

    best = _read(page, first=first)

    assert models_asked(tesseract)[0] == first
    assert (best.model, best.ocr_text.text) == (kept, texts[kept][0])


def test_only_allowed_or_installed_models_are_asked(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(NOISE, 20.0))

    _read(page, languages=("jpn",))

    assert set(models_asked(tesseract)) == {"jpn"}


def test_an_upright_page_is_not_replaced_by_a_turn_that_reads_no_better(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(NOISE, 35.0), eng=(LATIN_NOISE, 20.0))

    assert _read(page).picture.degrees == 0


def test_the_model_that_read_the_page_before_is_asked_first(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn_vert=(JAPANESE, 90.0))

    assert _read(page, first="jpn_vert").model == "jpn_vert"
    assert models_asked(tesseract) == ["jpn_vert"]


@pytest.mark.parametrize("automatic", [("", 0.0), ("邊 民 IM", 32.0)], ids=["nothing", "noise"])
def test_few_words_are_read_as_one_block(tesseract: Path, page: Path, automatic: tuple[str, float]) -> None:
    answers(tesseract, jpn=automatic)
    (tesseract / "good.tsv").write_text(tsv("請求書", 92.0))
    (tesseract / "jpn.sh").write_text('case "$*" in *"psm 6"*) cp "$here/good.tsv" "$here/jpn.tsv" ;; esac')

    best = _read(page, languages=("jpn",))

    assert best.ocr_text.text == "請求書"


def test_every_language_reads_when_asked_to(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(JAPANESE, 90.0), eng=("BRRS OLE", 15.0))

    best = _read(page, every=True)

    assert models_asked(tesseract) == ["jpn", "eng"]
    assert best.model == "jpn"


def test_a_configured_language_that_is_not_installed_is_not_hidden(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(LATIN, 85.0))
    (tesseract / "eng.sh").write_text("echo \"Failed loading language 'eng'\" >&2; exit 1")

    with pytest.raises(MisconfiguredError, match="eng"):
        _read(page)


def test_output_that_is_not_tsv_is_a_failure(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text("invalid")

    with pytest.raises(OCRError, match=r"page-1\.pgm") as caught:
        _read(page)

    assert caught.value.code is Code.OCR_FAILED


def test_a_pass_that_fails_is_noted_and_none_follows_it(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(NOISE, 20.0), eng=(LATIN, 90.0), deu=(LATIN, 90.0))
    (tesseract / "eng.sh").write_text("exit 1")
    failures: list[Code] = []

    best = _read(page, languages=("jpn", "eng", "deu"), failures=failures)

    assert failures == [Code.OCR_FAILED]
    assert (best.model, best.ocr_text.text) == ("jpn", NOISE)
    assert "deu" not in models_asked(tesseract)
