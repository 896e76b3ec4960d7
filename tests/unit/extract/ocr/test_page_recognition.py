"""How many passes a page takes, and which text is kept; Tesseract is a stand-in program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.image.affine import apply
from worker.extract.ocr.engines import ENGINES
from worker.extract.ocr.page_picture import load_grey
from worker.extract.ocr.page_recognition import PageRecognition, Pass

pytestmark = pytest.mark.unit

_BOTH = ("jpn", "eng")
_JAPANESE = "当四半期の売上高は過去最高を記録した"
_NOISE = "選溢上性鹿昌卿時民凡更十人人忍思" * 4
_LATIN_NOISE = "BC ROW OMEDLA LRRD HAEIOMOE WHOMKREBOSKMK SIII2HS"
_LATIN = "The quick brown fox jumps over the lazy dog"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return _picture(tmp_path / "page-1.pgm", _dashes(1000, 800))


def _picture(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def _dashes(width: int, height: int, *, stroke: int = 40) -> Image.Image:
    """A page with lines of dashes, as text looks from a distance."""
    image = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(image)
    for top in range(height // 5, height * 4 // 5, 40):
        for left in range(width // 5, width * 4 // 5, 50):
            draw.rectangle((left, top, left + stroke, top + 14), fill=20)
    return image


def _tsv(text: str, confidence: float) -> str:
    header = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    rows = [f"5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t{confidence}\t{word}\n" for word in text.split()]
    return header + "".join(rows)


def _answers(tesseract: Path, **texts: tuple[str, float]) -> None:
    """What each model reads; the others are not installed."""
    (tesseract / "languages").write_text("List of available languages:\n" + "\n".join(texts) + "\n")
    for model, (text, confidence) in texts.items():
        (tesseract / f"{model}.tsv").write_text(_tsv(text, confidence))


def _models_asked(tesseract: Path) -> list[str]:
    return [line.split()[0] for line in (tesseract / "calls").read_text().splitlines()]


def _recognition(path: Path) -> PageRecognition:
    folder = path.parent / "preprocessed"
    folder.mkdir()
    return PageRecognition(path, ocr_engine=ENGINES["tesseract"], folder=folder, dpi=200)


def _read(
    path: Path,
    *,
    first: str = "jpn",
    languages: tuple[str, ...] = _BOTH,
    every: bool = False,
) -> Pass:
    best = _recognition(path).read(languages, first=first, every_language=every)
    assert best is not None
    return best


def test_the_usual_page_takes_one_pass_over_the_file_itself(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn=(_JAPANESE, 90.0))

    best = _read(page)

    assert _models_asked(tesseract) == ["jpn"]
    assert (tesseract / "last-input").read_bytes() == page.read_bytes()
    assert (best.model, best.ocr_text.text) == ("jpn", _JAPANESE)
    assert best.picture.size_px == (1000, 800)


@pytest.mark.parametrize(
    ("first", "texts", "kept"),
    [
        ("jpn", {"jpn": (_LATIN, 85.0), "eng": (_LATIN, 94.0)}, "eng"),
        # The confidences of two models have nothing to do with each other.
        ("jpn", {"jpn": (_LATIN, 95.0), "eng": (_LATIN, 71.0)}, "eng"),
        ("jpn", {"jpn": (_LATIN_NOISE, 76.0), "eng": (_LATIN, 39.0)}, "eng"),
        ("eng", {"eng": (_LATIN, 94.0)}, "eng"),
        ("eng", {"eng": (_LATIN_NOISE, 30.0), "jpn": (_JAPANESE, 90.0)}, "jpn"),
        (
            "jpn",
            {"jpn": (_NOISE, 20.0), "jpn_vert": (_JAPANESE, 90.0), "eng": (_LATIN_NOISE, 15.0)},
            "jpn_vert",
        ),
    ],
    ids=["english", "less sure", "table", "hint", "wrong hint", "vertical"],
)
def test_the_model_whose_text_is_plausible_is_kept(
    tesseract: Path, page: Path, first: str, texts: dict[str, tuple[str, float]], kept: str
) -> None:
    _answers(tesseract, **texts)

    best = _read(page, first=first)

    assert _models_asked(tesseract)[0] == first
    assert (best.model, best.ocr_text.text) == (kept, texts[kept][0])


def test_only_allowed_or_installed_models_are_asked(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn=(_NOISE, 20.0))

    _read(page, languages=("jpn",))

    assert set(_models_asked(tesseract)) == {"jpn"}


def test_a_blank_page_takes_no_pass(tesseract: Path, tmp_path: Path) -> None:
    _answers(tesseract, jpn=("", 0.0))
    blank = _picture(tmp_path / "blank.pgm", Image.new("L", (1000, 800), 255))

    assert _recognition(blank).read(_BOTH, first="jpn", every_language=True) is None
    assert not (tesseract / "calls").exists()


_IF_TALL = """
cp "$here/noise.tsv" "$here/jpn.tsv"
set -- $(head -c 20 "$input")
if [ "$3" -gt "$2" ]; then cp "$here/good.tsv" "$here/jpn.tsv"; fi
"""


def test_a_turned_page_is_read_in_the_turn_that_reads_best(tesseract: Path, tmp_path: Path) -> None:
    turned = _picture(tmp_path / "turned.pgm", _dashes(1000, 800))
    _answers(tesseract, jpn=(_NOISE, 20.0), eng=(_LATIN_NOISE, 20.0))
    (tesseract / "noise.tsv").write_text(_tsv(_NOISE, 20.0))
    (tesseract / "good.tsv").write_text(_tsv(_JAPANESE, 92.0))
    (tesseract / "jpn.sh").write_text(_IF_TALL)

    best = _read(turned)

    assert best.ocr_text.text == _JAPANESE
    assert (best.picture.degrees, best.picture.size_px) == (90, (800, 1000))
    # The upper left corner of what was read is the lower left one of the page.
    assert apply(best.picture.transform, 0, 0) == (0, 800)


def test_an_upright_page_is_not_replaced_by_a_turn_that_reads_no_better(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn=(_NOISE, 35.0), eng=(_LATIN_NOISE, 20.0))

    assert _read(page).picture.degrees == 0


def test_a_skewed_page_is_deskewed_before_it_is_read(tesseract: Path, tmp_path: Path) -> None:
    skewed = _picture(tmp_path / "skewed.pgm", _dashes(1000, 800).rotate(-8, expand=True, fillcolor=250))
    _answers(tesseract, jpn=(_JAPANESE, 90.0))

    best = _read(skewed)

    assert _models_asked(tesseract) == ["jpn"]
    assert best.picture.size_px[0] > 1100
    assert best.picture.path != skewed


def test_a_small_picture_is_upscaled(tesseract: Path, tmp_path: Path) -> None:
    _answers(tesseract, jpn=(_JAPANESE, 90.0))

    best = _read(_picture(tmp_path / "small.png", _dashes(300, 200, stroke=2)))

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
    _answers(tesseract, jpn=(text, confidence))

    assert _read(page, languages=("jpn",)).ocr_text.text == kept


def test_the_model_that_read_the_page_before_is_asked_first(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn_vert=(_JAPANESE, 90.0))

    assert _read(page, first="jpn_vert").model == "jpn_vert"
    assert _models_asked(tesseract) == ["jpn_vert"]


@pytest.mark.parametrize(("stated", "given"), [(None, 200), (72, 200), (149, 200), (300, 300), (9600, 200)])
def test_tesseract_is_given_the_resolution(
    tesseract: Path, tmp_path: Path, stated: int | None, given: int
) -> None:
    _answers(tesseract, jpn=(_JAPANESE, 90.0))
    path = tmp_path / "page.png"
    if stated is None:
        _dashes(1000, 800).save(path)
    else:
        _dashes(1000, 800).save(path, dpi=(stated, stated))

    _read(path)

    assert f"--dpi {given}" in (tesseract / "calls").read_text()


@pytest.mark.parametrize("automatic", [("", 0.0), ("邊 民 IM", 32.0)], ids=["nothing", "noise"])
def test_few_words_are_read_as_one_block(tesseract: Path, page: Path, automatic: tuple[str, float]) -> None:
    _answers(tesseract, jpn=automatic)
    (tesseract / "good.tsv").write_text(_tsv("請求書", 92.0))
    (tesseract / "jpn.sh").write_text('case "$*" in *"psm 6"*) cp "$here/good.tsv" "$here/jpn.tsv" ;; esac')

    best = _read(page, languages=("jpn",))

    assert best.ocr_text.text == "請求書"


def test_every_language_reads_when_asked_to(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn=(_JAPANESE, 90.0), eng=("BRRS OLE", 15.0))

    best = _read(page, every=True)

    assert _models_asked(tesseract) == ["jpn", "eng"]
    assert best.model == "jpn"


@pytest.mark.parametrize("second", ["exit 1", "echo invalid > $output.tsv; exit 0"])
def test_the_text_is_kept_and_the_loss_reported_when_another_pass_fails(
    tesseract: Path, page: Path, second: str
) -> None:
    _answers(tesseract, jpn=(_LATIN, 85.0))
    (tesseract / "eng.sh").write_text(second)

    best = _read(page)

    assert _models_asked(tesseract) == ["jpn", "eng"]
    assert (best.model, best.ocr_text.text, best.unread) == ("jpn", _LATIN, ("ocr_failed",))


def test_a_configured_language_that_is_not_installed_is_not_hidden(tesseract: Path, page: Path) -> None:
    _answers(tesseract, jpn=(_LATIN, 85.0))
    (tesseract / "eng.sh").write_text("echo \"Failed loading language 'eng'\" >&2; exit 1")

    with pytest.raises(MisconfiguredError, match="eng"):
        _read(page)


def test_output_that_is_not_tsv_is_a_failure(tesseract: Path, page: Path) -> None:
    (tesseract / "jpn.tsv").write_text("invalid")

    with pytest.raises(OCRError, match=r"page-1\.pgm") as caught:
        _read(page)

    assert caught.value.code is Code.OCR_FAILED


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
