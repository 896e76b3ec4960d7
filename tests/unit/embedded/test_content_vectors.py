"""Similar content has similar vectors."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.embedded.child_process import clean_environment
from worker.embedded.content_vectors import Vector, image_vector, text_vector, unit

pytestmark = pytest.mark.unit


def _photo(seed: int) -> Image.Image:
    colours = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((1200, 900), Image.Resampling.BICUBIC)


def _page(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    page = Image.new("RGB", (1000, 1400), "white")
    draw = ImageDraw.Draw(page)
    for y in range(100, 1300, 50):
        if random.random() < 0.7:
            draw.rectangle((100, y, 300 + int(random.integers(0, 600)), y + 20), fill="black")
    return page


def _recompressed(picture: Image.Image, scale: float, quality: int) -> Image.Image:
    file = io.BytesIO()
    size = (round(picture.width * scale), round(picture.height * scale))
    picture.resize(size).save(file, "JPEG", quality=quality)
    return Image.open(file)


def _cosine(first: Vector, second: Vector) -> float:
    return float(first @ second)


@pytest.mark.parametrize("dimension", [256, 384, 1024])
@pytest.mark.parametrize("picture", [_photo(1), _page(1)], ids=["photo", "page"])
@pytest.mark.parametrize(("scale", "quality"), [(0.5, 75), (0.25, 40), (1.0, 20), (1.5, 60)])
def test_a_rescaled_and_recompressed_picture_is_similar(
    picture: Image.Image, dimension: int, scale: float, quality: int
) -> None:
    near = image_vector(_recompressed(picture, scale, quality), dimension)
    assert _cosine(image_vector(picture, dimension), near) > 0.95


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_photo(1), _photo(2)),
        (_page(1), _page(2)),
        (_photo(1), _page(1)),
        (_page(1), Image.new("L", (9, 9), 255)),
    ],
    ids=["photos", "pages", "photo and page", "page and blank"],
)
def test_different_pictures_are_clearly_less_similar(first: Image.Image, second: Image.Image) -> None:
    assert _cosine(image_vector(first, 1024), image_vector(second, 1024)) < 0.8


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "RGB"])
def test_every_mode_of_picture_has_a_unit_vector(mode: str) -> None:
    vector = image_vector(_photo(3).convert(mode), 256)
    assert vector.shape == (256,)
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_transparent_areas_count_as_white() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert _cosine(image_vector(clear, 256), image_vector(Image.new("RGB", (40, 40), "white"), 256)) > 0.999


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("営業報告書の売上高が増加した", "技術仕様書の電源と試験の方法"),
        ("The invoice must be paid in thirty days", "A cat sleeps on the warm roof"),
    ],
)
def test_a_text_is_more_similar_to_a_variant_than_to_another(near: str, far: str) -> None:
    whole = text_vector(near, 1024)
    assert _cosine(whole, text_vector(near + "。", 1024)) > 0.95
    assert (
        _cosine(whole, text_vector(near[: len(near) // 2], 1024))
        > _cosine(whole, text_vector(far, 1024)) + 0.3
    )


def test_width_and_case_do_not_matter_to_a_text() -> None:
    assert np.allclose(text_vector("ＡＢＣ　１２３", 512), text_vector("abc 123", 512))


@pytest.mark.parametrize("text", ["a", "。", "!?", " ", "字"])
def test_the_shortest_text_has_a_unit_vector(text: str) -> None:
    assert np.linalg.norm(text_vector(text, 256)) == pytest.approx(1.0)


def test_a_vector_without_direction_becomes_the_first_axis() -> None:
    assert unit(np.zeros(3)).tolist() == [1.0, 0.0, 0.0]


def test_another_process_computes_the_same_vector() -> None:
    code = (
        "from worker.embedded.content_vectors import text_vector as v; print(v('契約書 contract', 256).sum())"
    )
    output = subprocess.run(
        [sys.executable, "-c", code],
        env=clean_environment({"PYTHONHASHSEED": "123"}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert float(output) == text_vector("契約書 contract", 256).sum()
