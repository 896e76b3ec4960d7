"""How many passes a page takes, and which text is kept; Tesseract is a stand-in program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr.engines import ENGINES
from worker.extract.ocr.page_recognition import PageRecognition, Pass, load_grey

pytestmark = pytest.mark.unit

_BOTH = ("jpn", "eng")
_JAPANESE = "当四半期の売上高は過去最高を記録した"
_NOISE = "選溢上性鹿昌卿時民凡更十人人忍思" * 4
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
    assert (best.width_px, best.height_px) == (1000, 800)


@pytest.mark.parametrize(
    ("first", "texts", "asked", "kept"),
    [
        ("jpn", {"jpn": (_LATIN, 85.0), "eng": (_LATIN, 94.0)}, ["jpn", "eng"], "eng"),
        ("jpn", {"jpn": (_LATIN, 95.0), "eng": (_LATIN, 91.0)}, ["jpn", "eng"], "jpn"),
        ("eng", {"eng": (_LATIN, 94.0)}, ["eng"], "eng"),
        ("eng", {"eng": (_LATIN, 70.0), "jpn": (_JAPANESE, 90.0)}, ["eng", "jpn"], "jpn"),
        (
            "jpn",
            {"jpn": (_NOISE, 20.0), "jpn_vert": (_JAPANESE, 90.0)},
            ["jpn", "osd", "jpn_vert"],
            "jpn_vert",
        ),
    ],
    ids=["english", "no worse", "hint", "wrong hint", "vertical"],
)
def test_a_text_that_is_not_plausible_is_followed_by_another_model(
    tesseract: Path,
    page: Path,
    first: str,
    texts: dict[str, tuple[str, float]],
    asked: list[str],
    kept: str,
) -> None:
    _answers(tesseract, **texts)

    best = _read(page, first=first)

    assert _models_asked(tesseract) == asked
    assert best.model == kept


def test_only_allowed_or_installed_models_are_asked(tesseract: Path, page: Path) -> None:
    (tesseract / "languages").write_text("jpn\n")
    _answers(tesseract, jpn=(_NOISE, 20.0))

    _read(page, languages=("jpn",))

    assert _models_asked(tesseract) == ["jpn"]


def test_a_blank_page_takes_no_pass(tesseract: Path, tmp_path: Path) -> None:
    _answers(tesseract, jpn=("", 0.0))
    blank = _picture(tmp_path / "blank.pgm", Image.new("L", (1000, 800), 255))

    assert _recognition(blank).read(_BOTH, first="jpn", every_language=True) is None
    assert not (tesseract / "calls").exists()


@pytest.mark.parametrize(
    ("rotate", "pixel"), [(90, (799, 0)), (180, (999, 799)), (270, (0, 999))], ids=["90", "180", "270"]
)
def test_a_page_is_rotated_upright_and_read_again(
    tesseract: Path, tmp_path: Path, rotate: int, pixel: tuple[int, int]
) -> None:
    image = _dashes(1000, 800)
    image.putpixel((0, 0), 0)
    rotated = _picture(tmp_path / "rotated.pgm", image)
    _answers(tesseract, jpn=(_NOISE, 20.0))
    # after the orientation was asked for, the same model reads well
    (tesseract / "good.tsv").write_text(_tsv(_JAPANESE, 92.0))
    (tesseract / "osd.sh").write_text(
        f'printf "Rotate: {rotate}\\n" > "$output.osd"; cp "$here/good.tsv" "$here/jpn.tsv"'
    )

    best = _read(rotated)

    assert _models_asked(tesseract) == ["jpn", "osd", "jpn"]
    assert best.ocr_text.text == _JAPANESE
    with Image.open(tesseract / "last-input") as upright:
        assert (
            upright.size == (best.width_px, best.height_px) == ((1000, 800) if rotate == 180 else (800, 1000))
        )
        assert upright.getpixel(pixel) == 0


def test_a_skewed_page_is_deskewed_before_it_is_read(tesseract: Path, tmp_path: Path) -> None:
    skewed = _picture(tmp_path / "skewed.pgm", _dashes(1000, 800).rotate(-8, expand=True, fillcolor=250))
    _answers(tesseract, jpn=(_JAPANESE, 90.0))

    best = _read(skewed)

    assert _models_asked(tesseract) == ["jpn"]
    assert best.width_px > 1100
    assert best.picture != skewed


def test_a_small_picture_is_upscaled(tesseract: Path, tmp_path: Path) -> None:
    _answers(tesseract, jpn=(_JAPANESE, 90.0))

    best = _read(_picture(tmp_path / "small.png", _dashes(300, 200, stroke=2)))

    assert (best.width_px, best.height_px) == (600, 400)
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

    best = _read(page)

    assert _models_asked(tesseract) == ["jpn", "osd", "jpn"]
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
