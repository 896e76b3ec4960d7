"""Deterministic vectors computed from content, in place of a model: similar content has similar vectors.

Texts become signed hashed n-grams (feature hashing, Weinberger et al. 2009), images a low-resolution layout
of luminance, colour and edges, projected by a random matrix of +1 and -1 (Achlioptas 2003).
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
    """Unit vector of `dimension` for a text: its words and its character bigrams."""
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
    # Bigrams make Japanese comparable, which has no spaces between words.
    characters = "".join(words) or folded
    yield from (f"c:{first}{second}" for first, second in pairwise(characters))
    if len(characters) < 2:
        yield f"c:{characters}"


def image_vector(picture: Image.Image, dimension: int) -> Vector:
    """Unit vector of `dimension` for an image of any mode and size.

    It depends on layout and colours, hardly on scale and compression.
    """
    features = _image_features(_flatten_on_white(picture))
    return unit(features @ _projection(features.size, dimension))


def _flatten_on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    opaque = picture.convert("RGBA")
    background = Image.new("RGBA", opaque.size, "white")
    return Image.alpha_composite(background, opaque).convert("RGB")


def _image_features(picture: Image.Image) -> Vector:
    layout = _downscale(picture.convert("YCbCr"), _LAYOUT_PX)
    luminance, colour = layout[:, :, 0], layout[:, :, 1:] - 0.5
    edges = _edges(_downscale(picture.convert("L"), _EDGE_PX))
    # Luminance is centred: most pages are nearly white, and would all be similar otherwise. The constant
    # gives an empty page a direction.
    return np.concatenate(
        [
            _scale(luminance - luminance.mean(), 1.0),
            colour.ravel() * 0.5,
            _scale(edges, 1.0),
            [0.05, luminance.mean() * 0.2],
        ]
    )


def _downscale(picture: Image.Image, side_px: int) -> Vector:
    reduced = picture.resize((side_px, side_px), Image.Resampling.BOX)
    return np.asarray(reduced, dtype=np.float64) / 255.0


def _edges(luminance: Vector) -> Vector:
    """Edge strength by cell and direction, less the average: the layout of detail, not its amount."""
    down, across = np.gradient(luminance)
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
    # The floor prevents compression noise on a uniform surface from being amplified to a pattern.
    return part.ravel() * (weight / max(float(np.linalg.norm(part)), 0.5))


@lru_cache(maxsize=8)
def _projection(features: int, dimension: int) -> Vector:
    # PCG64 by name: numpy may change what default_rng uses, and vectors must stay the same.
    random = np.random.Generator(np.random.PCG64(features * 65_536 + dimension))
    bits = random.integers(0, 2, size=(features, dimension))
    return np.asarray(bits * 2 - 1, dtype=np.float64)


def unit(vector: Vector) -> Vector:
    """The vector normalised to length 1; a zero vector becomes the first axis."""
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0] = length = 1.0
    return vector / length
