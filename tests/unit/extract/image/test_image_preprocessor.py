"""Images of pages made easier to read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import DTypeLike
from PIL import Image, ImageDraw

from worker.extract.image.grayscale import to_grey
from worker.extract.image.image_preprocessor import ImagePreprocessor, is_low_resolution, skew_degrees

pytestmark = pytest.mark.unit


def _page(*, width: int = 800, height: int = 600, ink: int = 0, paper: int = 255) -> Image.Image:
    """Ten lines of dashes, as text looks from a distance."""
    image = Image.new("L", (width, height), paper)
    draw = ImageDraw.Draw(image)
    for top in range(100, 500, 40):
        for left in range(100, 700, 50):
            draw.rectangle((left, top, left + 40, top + 14), fill=ink)
    return image


@pytest.mark.parametrize(
    ("choice", "operations"),
    [
        ({}, ["grayscale", "denoise", "threshold"]),
        ({"denoise": False}, ["grayscale", "threshold"]),
        ({"grayscale": False, "threshold": False}, ["denoise"]),
        ({"grayscale": False, "denoise": False, "threshold": False}, []),
    ],
)
def test_last_operations_names_what_was_applied_in_order(
    choice: dict[str, bool], operations: list[str]
) -> None:
    preprocessor = ImagePreprocessor()
    preprocessor.process(_page())

    preprocessor.process(_page(), **choice)

    assert preprocessor.last_operations == operations


def test_a_method_called_by_itself_is_listed_too() -> None:
    preprocessor = ImagePreprocessor()

    preprocessor.denoise(preprocessor.grayscale(Image.new("RGB", (8, 8))))

    assert preprocessor.last_operations == ["grayscale", "denoise"]


def test_the_image_given_is_not_changed() -> None:
    image = Image.new("RGB", (8, 8), (10, 200, 30))

    result = ImagePreprocessor().process(image)

    assert image.mode == "RGB"
    assert image.getpixel((0, 0)) == (10, 200, 30)
    assert result.mode == "L"


def _palette_with_transparency() -> Image.Image:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.info["transparency"] = 0
    return image


def _deep(value: float, dtype: DTypeLike) -> Image.Image:
    pixels = np.zeros((4, 4)).astype(dtype)
    pixels[0, 0], pixels[3, 3] = value, value / 2
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("image", "grey"),
    [
        (Image.new("RGB", (4, 4), (255, 255, 255)), 255),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), 255),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 255)), 0),
        (Image.new("LA", (4, 4), (0, 0)), 255),
        (_palette_with_transparency(), 255),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 255)), 0),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 0)), 255),
        (Image.new("1", (4, 4), 1), 255),
        (_deep(65_535, np.uint16), 255),
        (_deep(255, np.uint16), 255),
        (_deep(1_000_000, np.int32), 255),
        (_deep(1.0, np.float32), 255),
        (_deep(0, np.uint16), 0),
    ],
    ids=[
        "rgb", "transparent", "opaque", "grey with alpha", "palette", "black ink", "no ink", "bilevel",
        "16 bit", "8 bit in 16", "32 bit", "float", "all black",
    ],
)  # fmt: skip
def test_every_kind_of_image_becomes_grey(image: Image.Image, grey: int) -> None:
    result = ImagePreprocessor().grayscale(image)

    assert result.mode == "L"
    assert result.getpixel((0, 0)) == grey


def test_a_grey_image_is_not_copied() -> None:
    page = _page()

    assert to_grey(page) is page


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
def test_denoise_removes_speckle_and_keeps_a_stroke(mode: str) -> None:
    image = Image.new("L", (30, 30), 255)
    image.putpixel((5, 5), 0)
    ImageDraw.Draw(image).rectangle((15, 15, 20, 20), fill=0)

    result = ImagePreprocessor().denoise(image.convert(mode)).convert("L")

    assert result.getpixel((5, 5)) == 255
    assert result.getpixel((17, 17)) == 0


@pytest.mark.parametrize(("ink", "paper"), [(90, 140), (10, 60), (180, 250)])
def test_threshold_finds_the_ink_at_any_brightness(ink: int, paper: int) -> None:
    result = ImagePreprocessor().threshold(_page(ink=ink, paper=paper))

    assert set(np.unique(np.asarray(result))) == {0, 255}
    assert result.getpixel((110, 105)) == 0
    assert result.getpixel((5, 5)) == 255


@pytest.mark.parametrize(("level", "result"), [(255, 255), (128, 255), (0, 0)])
def test_threshold_of_a_plain_page_stays_plain(level: int, result: int) -> None:
    image = ImagePreprocessor().threshold(Image.new("L", (20, 20), level))

    assert image.getextrema() == (result, result)


def _noisy_paper() -> Image.Image:
    noise = np.random.default_rng(7).normal(225, 25, (400, 400)).clip(0, 255)
    return Image.fromarray(noise.astype(np.uint8))


@pytest.mark.parametrize("degrees", [-12.0, -3.5, 2.25, 10.0])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (240, 30)])
def test_the_skew_of_a_page_is_found(degrees: float, ink: int, paper: int) -> None:
    skewed = _page(ink=ink, paper=paper).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=paper)

    assert skew_degrees(skewed) == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize(
    "image",
    [_page(), Image.new("L", (300, 300), 255), Image.new("L", (300, 300), 0), _noisy_paper()],
    ids=["horizontal", "white", "black", "noise"],
)
def test_a_page_that_is_horizontal_or_blank_has_no_skew(image: Image.Image) -> None:
    assert skew_degrees(image) == 0.0


def _with_noise(page: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(3).normal(0, sigma, (page.height, page.width))
    return Image.fromarray((np.asarray(page) + noise).clip(0, 255).astype(np.uint8))


def _unevenly_lit(page: Image.Image) -> Image.Image:
    light = np.linspace(0.4, 1.0, page.width)[None, :]
    return Image.fromarray((np.asarray(page) * light).astype(np.uint8))


_GREY_PAGE = _page(ink=30, paper=245)


@pytest.mark.parametrize(
    ("page", "operations"),
    [
        (_GREY_PAGE, []),
        (_with_noise(_GREY_PAGE, 2.0), []),
        (_with_noise(_GREY_PAGE, 20.0), ["blur"]),
        (_page(), ["blur"]),
        (_unevenly_lit(_GREY_PAGE), ["flatten_illumination"]),
        (_page(ink=240, paper=20), ["invert"]),
        (_GREY_PAGE.rotate(6, Image.Resampling.BICUBIC, fillcolor=245), ["deskew"]),
        (_GREY_PAGE.rotate(1, Image.Resampling.BICUBIC, fillcolor=245), []),
        (_GREY_PAGE.resize((4_800, 3_600)), ["reduce"]),
    ],
    ids=[
        "clean",
        "scanner",
        "noise",
        "fax",
        "lamp",
        "white on black",
        "skewed",
        "slightly skewed",
        "600 dpi",
    ],
)
def test_only_operations_that_the_image_needs_are_applied(page: Image.Image, operations: list[str]) -> None:
    preprocessor = ImagePreprocessor()

    clean = preprocessor.clean_up(page)

    assert preprocessor.last_operations == operations
    assert (clean is page) == (not operations)


def test_flattened_illumination_makes_the_paper_of_one_brightness() -> None:
    paper = np.asarray(ImagePreprocessor().flatten_illumination(_unevenly_lit(_GREY_PAGE)))[50]

    assert int(paper.min()) > 220  # it was 98


def test_white_characters_on_an_inverted_region_become_dark_on_light() -> None:
    page = _page(paper=245)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 800, 85), fill=40)
    for left in range(100, 700, 50):
        draw.rectangle((left, 30, left + 25, 40), fill=255)

    even = ImagePreprocessor().clean_up(page)

    pixels = np.asarray(even)
    assert int(pixels[35, 112]) < 80
    assert [int(pixels[place]) for place in ((35, 85), (65, 400), (580, 400))] == [245, 245, 245]


@pytest.mark.parametrize(
    ("size", "stroke_px", "low_resolution"),
    [((300, 200), 2, True), ((300, 200), 5, False), ((1_000, 800), 2, False)],
)
def test_small_images_of_thin_strokes_are_of_low_resolution(
    size: tuple[int, int], stroke_px: int, low_resolution: bool
) -> None:
    image = Image.new("L", size, 250)
    for left in range(20, size[0] - 20, 20):
        ImageDraw.Draw(image).rectangle((left, 20, left + stroke_px - 1, size[1] - 20), fill=20)

    assert is_low_resolution(image) is low_resolution


def test_a_large_picture_is_reduced_by_its_strokes_and_not_below_what_characters_need() -> None:
    fine = ImagePreprocessor().reduce(Image.new("L", (4_000, 3_000), 255))
    thick = ImagePreprocessor().reduce(_GREY_PAGE.resize((4_800, 3_600)))

    assert fine.size == (4_000, 3_000)
    assert thick.width * thick.height >= 2_000_000


@pytest.mark.parametrize(("degrees", "listed"), [(6.0, True), (0.0, False)])
def test_deskew_is_an_option_of_process(degrees: float, listed: bool) -> None:
    preprocessor = ImagePreprocessor()
    page = _GREY_PAGE.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=245)

    preprocessor.process(page, deskew=True, denoise=False, threshold=False)

    assert ("deskew" in preprocessor.last_operations) is listed
