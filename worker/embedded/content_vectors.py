"""Vectors computed from the content itself, in place of a model: near content, near vectors.

Texts become signed hashed n-grams (feature hashing, Weinberger et al. 2009), pictures a small layout
of light, colour and edges, projected by random signs (Achlioptas 2003). Both are the same in every
process and on every machine, and of length 1.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

Vector = npt.NDArray[np.float64]

_WORD = re.compile(r"\w+")
_SIGN_BIT = 1 << 31
_LAYOUT_PX = 16
_EDGE_PX = 48
_EDGE_CELL_PX = 8
_EDGE_DIRECTIONS = 4


def text_vector(text: str, dimension: int) -> Vector:
    """Unit vector of `dimension` for a text: its words and its pairs of characters.

    Pairs of characters make Japanese comparable, which has no spaces between words.
    """
    vector = np.zeros(dimension)
    for feature, count in Counter(_text_features(text)).items():
        code = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
        sign = 1.0 if code & _SIGN_BIT else -1.0
        vector[code % dimension] += sign * count**0.5
    return unit(vector)


def _text_features(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = _WORD.findall(folded)
    yield from (f"w:{word}" for word in words)
    letters = "".join(words) or folded
    yield from (f"c:{first}{second}" for first, second in pairwise(letters))
    if len(letters) < 2:
        yield f"c:{letters}"


def image_vector(picture: Image.Image, dimension: int) -> Vector:
    """Unit vector of `dimension` for a picture of any mode and size.

    Scale and compression hardly matter; where things are, and their colours, do.
    """
    features = _image_features(_flatten_on_white(picture))
    return unit(features @ _projection(features.size, dimension))


def _flatten_on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    opaque = picture.convert("RGBA")
    ground = Image.new("RGBA", opaque.size, "white")
    return Image.alpha_composite(ground, opaque).convert("RGB")


def _image_features(picture: Image.Image) -> Vector:
    layout = _downscale(picture.convert("YCbCr"), _LAYOUT_PX)
    light, colour = layout[:, :, 0], layout[:, :, 1:] - 0.5
    edges = _edges(_downscale(picture.convert("L"), _EDGE_PX))
    # Light is centred: most pages are nearly white, and would otherwise all be alike. The constant
    # keeps an empty page from having no direction at all.
    return np.concatenate(
        [
            _scale(light - light.mean(), 1.0),
            colour.ravel() * 0.5,
            _scale(edges, 1.0),
            [0.05, light.mean() * 0.2],
        ]
    )


def _downscale(picture: Image.Image, side_px: int) -> Vector:
    reduced = picture.resize((side_px, side_px), Image.Resampling.BOX)
    return np.asarray(reduced, dtype=np.float64) / 255.0


def _edges(light: Vector) -> Vector:
    """Strength of edges by cell and direction, less the cell average: layout, not amount, of detail."""
    down, across = np.gradient(light)
    strength = np.hypot(down, across)
    direction = (np.arctan2(down, across) % np.pi) / np.pi * _EDGE_DIRECTIONS
    cells = _EDGE_PX // _EDGE_CELL_PX
    planes = [
        np.where(direction.astype(int) % _EDGE_DIRECTIONS == number, strength, 0.0)
        .reshape(cells, _EDGE_CELL_PX, cells, _EDGE_CELL_PX)
        .sum(axis=(1, 3))
        for number in range(_EDGE_DIRECTIONS)
    ]
    return np.concatenate([(plane - plane.mean()).ravel() for plane in planes])


def _scale(part: Vector, weight: float) -> Vector:
    # The floor keeps compression noise on an even surface from being blown up to a pattern.
    return part.ravel() * (weight / max(float(np.linalg.norm(part)), 0.5))


@lru_cache(maxsize=8)
def _projection(features: int, dimension: int) -> Vector:
    random = np.random.Generator(np.random.PCG64(features * 65_536 + dimension))
    signs = random.integers(0, 2, size=(features, dimension))
    return np.asarray(signs * 2 - 1, dtype=np.float64)


def unit(vector: Vector) -> Vector:
    """The vector at length 1; a zero vector, which has no direction, becomes the first axis."""
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0] = length = 1.0
    return vector / length
