"""One page: its picture cleaned up, read, and what is kept of that; Tesseract is a stand-in program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

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
from worker.errors import OCRError
from worker.extract.image.affine import apply
from worker.extract.ocr import page_recognition
from worker.extract.ocr.engines import ENGINES
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.page_picture import load_grey
from worker.extract.ocr.page_recognition import PageRecognition
from worker.extract.ocr.tesseract_passes import Pass

pytestmark = pytest.mark.unit


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return _picture(tmp_path / "page-1.pgm", dashes(1000, 800))


def _picture(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def _recognition(path: Path) -> PageRecognition:
    folder = path.parent / "preprocessed"
    folder.mkdir()
    return PageRecognition(path, ocr_engine=ENGINES["tesseract"], folder=folder, dpi=200)


def _read(path: Path, *, languages: tuple[str, ...] = BOTH) -> Pass:
    best = _recognition(path).read(languages, first="jpn")
    assert best is not None
    return best


def test_the_usual_page_takes_one_pass_over_the_file_itself(tesseract: Path, page: Path) -> None:
    answers(tesseract, jpn=(JAPANESE, 90.0))

    best = _read(page)

    assert models_asked(tesseract) == ["jpn"]
    assert (tesseract / "last-input").read_bytes() == page.read_bytes()
    assert (best.model, best.ocr_text.text) == ("jpn", JAPANESE)
    assert best.picture.size_px == (1000, 800)


def test_a_blank_page_takes_no_pass(tesseract: Path, tmp_path: Path) -> None:
    answers(tesseract, jpn=("", 0.0))
    blank = _picture(tmp_path / "blank.pgm", Image.new("L", (1000, 800), 255))

    assert _recognition(blank).read(BOTH, first="jpn", every_language=True) is None
    assert not (tesseract / "calls").exists()


_IF_TALL = """
cp "$here/noise.tsv" "$here/jpn.tsv"
set -- $(head -c 20 "$input")
if [ "$3" -gt "$2" ]; then cp "$here/good.tsv" "$here/jpn.tsv"; fi
"""


def test_a_turned_page_is_read_in_the_turn_that_reads_best(tesseract: Path, tmp_path: Path) -> None:
    turned = _picture(tmp_path / "turned.pgm", dashes(1000, 800))
    answers(tesseract, jpn=(NOISE, 20.0), eng=(LATIN_NOISE, 20.0))
    (tesseract / "noise.tsv").write_text(tsv(NOISE, 20.0))
    (tesseract / "good.tsv").write_text(tsv(JAPANESE, 92.0))
    (tesseract / "jpn.sh").write_text(_IF_TALL)

    best = _read(turned)

    assert best.ocr_text.text == JAPANESE
    assert (best.picture.degrees, best.picture.size_px) == (90, (800, 1000))
    # The upper left corner of what was read is the lower left one of the page.
    assert apply(best.picture.transform, 0, 0) == (0, 800)


def test_a_skewed_page_is_deskewed_before_it_is_read(tesseract: Path, tmp_path: Path) -> None:
    skewed = _picture(tmp_path / "skewed.pgm", dashes(1000, 800).rotate(-8, expand=True, fillcolor=250))
    answers(tesseract, jpn=(JAPANESE, 90.0))

    best = _read(skewed)

    assert models_asked(tesseract) == ["jpn"]
    assert best.picture.size_px[0] > 1100
    assert best.picture.path != skewed


def test_a_small_picture_is_upscaled(tesseract: Path, tmp_path: Path) -> None:
    answers(tesseract, jpn=(JAPANESE, 90.0))

    best = _read(_picture(tmp_path / "small.png", dashes(300, 200, stroke=2)))

    assert best.picture.size_px == (600, 400)
    with Image.open(tesseract / "last-input") as upscaled:
        assert (upscaled.size, upscaled.mode) == ((600, 400), "L")


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("邊 民 RR IM 1l", 32.0, ""),
        ("本 RR", 51.0, ""),
        ("faintly printed but real words", 52.0, "faintly printed but real words"),
        ("請求書", 75.0, "請求書"),
    ],
    ids=["photo", "few characters", "faint text", "title"],
)
def test_noise_is_not_kept_as_text(
    tesseract: Path, page: Path, text: str, confidence: float, kept: str
) -> None:
    answers(tesseract, jpn=(text, confidence))

    assert _read(page, languages=("jpn",)).ocr_text.text == kept


@pytest.mark.parametrize(("stated", "given"), [(None, 200), (72, 200), (149, 200), (300, 300), (9600, 200)])
def test_tesseract_is_given_the_resolution(
    tesseract: Path, tmp_path: Path, stated: int | None, given: int
) -> None:
    answers(tesseract, jpn=(JAPANESE, 90.0))
    path = tmp_path / "page.png"
    if stated is None:
        dashes(1000, 800).save(path)
    else:
        dashes(1000, 800).save(path, dpi=(stated, stated))

    _read(path)

    assert f"--dpi {given}" in (tesseract / "calls").read_text()


@pytest.mark.parametrize("second", ["exit 1", "echo invalid > $output.tsv; exit 0"])
def test_the_text_is_kept_and_the_loss_reported_when_another_pass_fails(
    tesseract: Path, page: Path, second: str
) -> None:
    answers(tesseract, jpn=(LATIN, 85.0))
    (tesseract / "eng.sh").write_text(second)

    best = _read(page)

    assert models_asked(tesseract) == ["jpn", "eng"]
    assert (best.model, best.ocr_text.text, best.unread) == ("jpn", LATIN, ("ocr_failed",))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OCRError, match=r"File not found: .*nowhere\.png") as caught:
        load_grey(tmp_path / "nowhere.png")

    assert not caught.value.retry_allowed


@pytest.mark.parametrize("content", [b"", b"not a picture", b"P5 1000 800 255\nshort"])
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.pgm"
    path.write_bytes(content)

    with pytest.raises(OCRError, match=r"odd\.pgm: not an image") as caught:
        load_grey(path)

    assert not caught.value.retry_allowed


@pytest.mark.parametrize(
    ("size_px", "confidence", "is_asked"),
    [((640, 400), 95.0, False), ((640, 400), 85.0, True), ((1000, 800), 95.0, True)],
)
def test_of_a_small_picture_the_network_is_asked_only_where_tesseract_is_unsure(
    tesseract: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size_px: tuple[int, int],
    confidence: float,
    is_asked: bool,
) -> None:
    asked: list[tuple[int, int]] = []

    def read_page(page: Image.Image, **_options: object) -> None:
        asked.append(page.size)

    monkeypatch.setattr(page_recognition, "read_page", read_page)
    answers(tesseract, jpn=(JAPANESE, confidence))
    picture = _picture(tmp_path / "a.pgm", dashes(*size_px))

    second_pass = LineRerecognition(confidence=90, max_lines=0, max_pixels=10**6)
    best = _recognition(picture).read(BOTH, first="jpn", second_pass=second_pass)

    assert best is not None
    assert best.ocr_text.text == JAPANESE
    assert bool(asked) is is_asked
    assert set(models_asked(tesseract)) == {"jpn"}
