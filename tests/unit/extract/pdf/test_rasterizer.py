"""Pages rendered for OCR: their size, their time limit, and what failures leave behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.disk_space import is_disk_full
from worker.extract.image.grayscale import most_common_shade
from worker.extract.pdf import rasterizer
from worker.extract.pdf.rasterizer import PageSize, mask_outside, render_page
from worker.extract.read_options import ReadOptions

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_A4 = (595, 842)


def _pdf(folder: Path, pages: str = "#", *, size: tuple[float, float] = _A4) -> Path:
    """A PDF with a page for each character: # has a black square, anything else is blank."""
    path = folder / "a.pdf"
    canvas = Canvas(str(path), pagesize=size)
    for page in pages:
        if page == "#":
            canvas.rect(10, 10, 20, 20, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def _options(**limits: float) -> ReadOptions:
    return replace(_OPTIONS, limits=replace(_OPTIONS.limits, **limits))  # type: ignore[arg-type]


def test_a_page_is_drawn_grey_at_the_wanted_resolution(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")

    drawn = render_page(_pdf(tmp_path, "-#"), 2, tmp_path, size=PageSize(size_pt=_A4), options=_OPTIONS)

    assert drawn.read_bytes().startswith(b"P5")
    picture = Image.open(drawn)
    assert max(abs(got - wanted) for got, wanted in zip(picture.size, (1653, 2339), strict=True)) <= 1
    assert picture.getextrema() == (0, 255)


def test_pages_can_be_drawn_by_several_threads_in_any_order(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    path = _pdf(tmp_path, "#-#-", size=(144, 144))

    def draw(number: int) -> Path:
        return render_page(path, number, tmp_path, size=PageSize(size_pt=(144, 144)), options=_OPTIONS)

    with ThreadPoolExecutor(max_workers=3) as pool:
        drawn = list(pool.map(draw, [4, 3, 2, 1]))

    assert len(set(drawn)) == 4
    assert [Image.open(path).getextrema()[0] for path in drawn] == [255, 0, 255, 0]


@pytest.mark.parametrize(
    ("size_pt", "dpi", "expected_px"),
    [((3_600, 3_600), 200, (6_325, 6_325)), ((36_000, 72), 100, (32_000, 64))],
    ids=["poster", "strip"],
)
def test_a_large_page_is_drawn_at_a_lower_resolution(
    tmp_path: Path,
    require_program: Callable[[str], str],
    size_pt: tuple[int, int],
    dpi: int,
    expected_px: tuple[int, int],
) -> None:
    require_program("pdftoppm")
    options = replace(_OPTIONS, dpi=dpi)

    drawn = render_page(
        _pdf(tmp_path, size=size_pt), 1, tmp_path, size=PageSize(size_pt=size_pt), options=options
    )

    assert Image.open(drawn).size == expected_px


def test_the_pixel_limit_of_the_document_counts_too(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    path = _pdf(tmp_path, size=(720, 720))

    drawn = render_page(
        path, 1, tmp_path, size=PageSize(size_pt=(720, 720)), options=_options(max_pixels=1_000_000)
    )

    assert Image.open(drawn).size == (1_000, 1_000)


def test_the_size_passed_in_holds_even_if_poppler_finds_a_larger_page(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")

    drawn = render_page(
        _pdf(tmp_path, size=(7_200, 3_600)), 1, tmp_path, size=PageSize(size_pt=(72, 36)), options=_OPTIONS
    )

    assert Image.open(drawn).size == (200, 100)


def test_a_scan_that_states_a_height_of_one_inch_is_drawn_at_its_own_resolution(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    path = _pdf(tmp_path, size=(36, 72))

    def height_px(density: float) -> int:
        size = PageSize(size_pt=(36, 72), max_density=density)
        return Image.open(render_page(path, 1, tmp_path, size=size, options=_OPTIONS)).height

    assert [height_px(density) for density in (0.0, 1.0, 20.0, 500.0)] == [200, 200, 1_440, 2_200]


@pytest.mark.parametrize(
    ("max_density", "letters_pt", "expected_px"),
    [(0.3, 0.0, 3_000), (0.01, 0.0, 2_200), (0.3, 60.0, 5_000), (0.0, 60.0, 5_000), (5.0, 0.0, 6_325)],
    ids=["picture", "small picture", "picture and letters", "letters", "huge picture"],
)
def test_a_poster_is_drawn_at_what_its_pictures_hold_and_its_characters_need(
    tmp_path: Path,
    require_program: Callable[[str], str],
    max_density: float,
    letters_pt: float,
    expected_px: int,
) -> None:
    require_program("pdftoppm")
    size = PageSize(size_pt=(10_000, 10_000), max_density=max_density, letters_pt=letters_pt)

    drawn = render_page(_pdf(tmp_path, size=(1_000, 1_000)), 1, tmp_path, size=size, options=_OPTIONS)

    assert Image.open(drawn).size == (expected_px, expected_px)


def test_only_the_regions_are_left_and_of_those_what_is_not_excluded(tmp_path: Path) -> None:
    drawn = tmp_path / "page.pgm"
    page = Image.new("L", (400, 400), 90)
    for corner in (0, 200, 300):
        page.paste(10, (corner, corner, corner + 40, corner + 40))
    page.save(drawn)

    regions = [(0, 0, 100, 100), (200, 200, 290, 290), (100, 0, 180, 80), (9, 9, 9, 20)]
    mask_outside(drawn, regions, exclude=[(0, 0, 50, 50)])

    left = Image.open(drawn)
    at = {
        "excluded": (5, 5),
        "inside": (210, 210),
        "its background": (280, 280),
        "outside": (310, 310),
        "blank": (150, 40),
    }
    assert {name: left.getpixel(place) for name, place in at.items()} == {
        "excluded": 255,
        "inside": 10,
        "its background": 90,
        "outside": 255,
        "blank": 255,
    }


@pytest.mark.parametrize("size_pt", [(14_400, 14_400), (144_000, 72)], ids=["area", "side"])
def test_a_page_that_cannot_be_made_legible_is_not_drawn(tmp_path: Path, size_pt: tuple[int, int]) -> None:
    with pytest.raises(OCRError) as caught:
        render_page(
            _pdf(tmp_path, size=size_pt), 1, tmp_path, size=PageSize(size_pt=size_pt), options=_OPTIONS
        )

    assert caught.value.code is Code.TOO_MANY_PIXELS
    assert not caught.value.retry_allowed


def _poppler(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Put shell scripts in the place of poppler's programs."""
    place = folder / "bin"
    place.mkdir()
    for name, script in programs.items():
        (place / name).write_text(f"#!/bin/sh\nPATH={os.environ['PATH']}\n{script}\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place))


_BEGIN_TO_DRAW = 'for word; do case "$word" in */page-*) echo P5 > "$word.pgm";; esac; done'
_PRINT_VERSION = 'if [ "$1" = "-v" ]; then echo "pdftoppm version 22.12.0" >&2; exit; fi'


def test_a_page_that_takes_too_long_is_timed_out_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _options(page_timeout_s=0.5)
    hang = f"{_PRINT_VERSION}\n{_BEGIN_TO_DRAW}\nexec tail -f /dev/null"
    _poppler(tmp_path, monkeypatch, pdfinfo='echo "Pages: 1"', pdftoppm=hang)

    with pytest.raises(OCRError) as caught:
        render_page(_pdf(tmp_path), 1, tmp_path, size=PageSize(size_pt=_A4), options=options)

    assert caught.value.code is Code.TIMEOUT
    assert not list(tmp_path.glob("*.pgm"))


@pytest.mark.parametrize(
    "pdfinfo", ['echo "Pages: 1"', "echo nothing"], ids=["pdftoppm fails", "pdfinfo fails"]
)
def test_a_program_that_fails_costs_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pdfinfo: str
) -> None:
    _poppler(tmp_path, monkeypatch, pdfinfo=pdfinfo, pdftoppm=f"{_PRINT_VERSION}\nexit 1")

    with pytest.raises(OCRError) as caught:
        render_page(_pdf(tmp_path), 1, tmp_path, size=PageSize(size_pt=_A4), options=_OPTIONS)

    assert caught.value.code is Code.OCR_FAILED


@pytest.mark.parametrize("script", ["exit 0", _BEGIN_TO_DRAW], ids=["nothing", "half a page"])
def test_a_page_that_fails_on_a_full_disk_names_the_disk_as_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    _poppler(tmp_path, monkeypatch, pdfinfo='echo "Pages: 1"', pdftoppm=f"{_PRINT_VERSION}\n{script}")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))

    with pytest.raises(OCRError) as caught:
        render_page(_pdf(tmp_path), 1, tmp_path, size=PageSize(size_pt=_A4), options=_OPTIONS)

    assert is_disk_full(caught.value)


@pytest.mark.parametrize("programs", [{}, {"pdfinfo": 'echo "Pages: 1"'}], ids=["both", "pdftoppm"])
def test_a_missing_program_is_for_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str]
) -> None:
    _poppler(tmp_path, monkeypatch, **programs)

    with pytest.raises(MisconfiguredError, match="poppler-utils") as caught:
        render_page(_pdf(tmp_path), 1, tmp_path, size=PageSize(size_pt=_A4), options=_OPTIONS)

    assert caught.value.code is Code.PROGRAM_MISSING


def test_a_program_that_cannot_be_started_right_now_costs_the_page_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _poppler(tmp_path, monkeypatch, pdfinfo="")
    (tmp_path / "bin" / "pdfinfo").chmod(0o644)

    with pytest.raises(OCRError) as caught:
        render_page(_pdf(tmp_path), 1, tmp_path, size=PageSize(size_pt=_A4), options=_OPTIONS)

    assert caught.value.code is Code.OCR_FAILED


def test_the_background_of_a_picture_is_counted_once_for_all_its_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[tuple[int, int]] = []
    shade = most_common_shade

    def count(picture: Image.Image) -> int:
        counted.append(picture.size)
        return shade(picture)

    monkeypatch.setattr(rasterizer, "most_common_shade", count)
    picture = Image.new("L", (40, 40), 90)
    picture.paste(0, (10, 10, 20, 20))

    cleared = rasterizer.without(picture, (100, 100, 140, 140), [(110, 110, 120, 120)] * 50)

    assert cleared.getextrema() == (90, 90)
    assert len(counted) == 1
