"""Generated pages with known text and the defects of office scans, for the row `accuracy`.

Each page is 150 mm of an A4 sheet at 200 dpi, in Japanese, English, both, or vertical Japanese. Pixels are
the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from worker.samples.fonts import Font, font_path
from worker.samples.scan_texts import scan_page
from worker.samples.typesetting import wrap

_PAGE_PX = (1240, 1180)
_MARGIN_PX = 110
_BODY_PX = {"jpn": 33, "eng": 31}
_HEADING_PX = 44
_PAPER, _INK = 245, 30
_LINE_PITCH = 1.75
_FONTS = {"jpn": (Font.GOTHIC, Font.MINCHO), "eng": (Font.VERA, Font.VERA)}
_UPPER_RIGHT = "、。"
_TURNED = "ー（）「」"
"""In vertical lines these are rotated, those are in the upper right; Pillow without raqm does neither."""

TEXTS = ("jpn", "eng", "mixed", "vertical")


@dataclass(frozen=True, kw_only=True, slots=True)
class BedPage:
    """An image, its text, and the condition of CONDITIONS it is in."""

    text: str
    condition: str
    truth: str
    picture: Image.Image


def bed_page(text: str, condition: str) -> BedPage:
    """The page of a kind of text in a condition of CONDITIONS."""
    seed = TEXTS.index(text)
    clean, truth = _vertical(seed) if text == "vertical" else _horizontal(text, seed)
    noise = np.random.default_rng(seed)
    return BedPage(text=text, condition=condition, truth=truth, picture=CONDITIONS[condition](clean, noise))


def _horizontal(text: str, seed: int) -> tuple[Image.Image, str]:
    page = Image.new("L", _PAGE_PX, _PAPER)
    draw = ImageDraw.Draw(page)
    languages = {"mixed": ("jpn", "eng")}.get(text, (text,))
    truth: list[str] = []
    y_px = float(_MARGIN_PX)
    room_px = (_PAGE_PX[1] - 2 * _MARGIN_PX) / len(languages)
    for part, language in enumerate(languages):
        words = scan_page(seed + part + 1, seed=seed, language=language)
        y_px = _draw_part(
            draw, words.heading, _font(language, seed, _HEADING_PX), y_px, truth, y_px + room_px
        )
        end_px = _MARGIN_PX + room_px * (part + 1)
        body = "\n".join(words.paragraphs)
        y_px = _draw_part(draw, body, _font(language, seed, _BODY_PX[language]), y_px, truth, end_px)
    return page, "\n".join(truth)


def _draw_part(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont,
    y_px: float,
    truth: list[str],
    end_px: float,
) -> float:
    for line in wrap(text, _PAGE_PX[0] - 2 * _MARGIN_PX, font.getlength):
        if y_px + font.size > end_px:
            break
        draw.text((_MARGIN_PX, y_px), line, font=font, fill=_INK)
        truth.append(line)
        y_px += font.size * _LINE_PITCH
    return y_px


def _vertical(seed: int) -> tuple[Image.Image, str]:
    page = Image.new("L", _PAGE_PX, _PAPER)
    font = _font("jpn", seed, _BODY_PX["jpn"])
    sentences = [
        "".join(char for char in sentence if not (char.isascii() and char.isalnum()))
        for sentence in scan_page(seed + 1, seed=seed, language="jpn").paragraphs
    ]
    column_px, character_px = font.size * _LINE_PITCH, font.size * 1.04
    rows = int((_PAGE_PX[1] - 2 * _MARGIN_PX) / character_px)
    columns = int((_PAGE_PX[0] - 2 * _MARGIN_PX) / column_px)
    text = "".join(sentences)[: rows * columns]
    for number, char in enumerate(text):
        column, row = divmod(number, rows)
        x_px = _PAGE_PX[0] - _MARGIN_PX - column * column_px - font.size / 2
        y_px = _MARGIN_PX + row * character_px + character_px / 2
        _draw_upright(page, char, (round(x_px), round(y_px)), font)
    return page, "\n".join(text[start : start + rows] for start in range(0, len(text), rows))


def _draw_upright(
    page: Image.Image, char: str, middle_px: tuple[int, int], font: ImageFont.FreeTypeFont
) -> None:
    """Draw a character of a vertical line into its square."""
    side_px = round(font.size)
    square = Image.new("L", (side_px, side_px), _PAPER)
    shift_px = round(0.55 * side_px) if char in _UPPER_RIGHT else 0
    ImageDraw.Draw(square).text((shift_px, -shift_px), char, font=font, fill=_INK)
    if char in _TURNED:
        square = square.transpose(Image.Transpose.ROTATE_270)
    page.paste(square, (middle_px[0] - side_px // 2, middle_px[1] - side_px // 2))


def _font(language: str, seed: int, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(_FONTS[language][seed % 2])), size_px)


def _scan(page: Image.Image, noise: np.random.Generator, *, degrees: float = 0.0) -> Image.Image:
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=_PAPER)
    return _add_noise(turned, noise, sigma=5.0)


def _add_noise(page: Image.Image, noise: np.random.Generator, *, sigma: float) -> Image.Image:
    pixels = np.asarray(page, dtype=np.float32)
    deviation = noise.standard_normal(pixels.shape, dtype=np.float32) * sigma
    return Image.fromarray(np.clip(pixels + deviation, 0, 255).astype(np.uint8))


def _fax(page: Image.Image, noise: np.random.Generator) -> Image.Image:
    """Black and white at 200 dpi, with ragged edges and the speckle of a bad line."""
    soft = _add_noise(page.filter(ImageFilter.GaussianBlur(0.9)), noise, sigma=28.0)
    black = np.asarray(soft) < 128
    speckle = noise.random(black.shape) < 0.004
    return Image.fromarray(np.where(black ^ speckle, 0, 255).astype(np.uint8)).convert("1")


def _noisy(page: Image.Image, noise: np.random.Generator) -> Image.Image:
    return _add_noise(page.filter(ImageFilter.GaussianBlur(0.9)), noise, sigma=36.0)


def _faint(page: Image.Image, noise: np.random.Generator) -> Image.Image:
    """Grey on grey: 34 levels between ink and paper, noise of 5."""
    faint = page.point([round(188 + (value - 128) * 0.16) for value in range(256)])
    return _add_noise(faint, noise, sigma=5.0)


def _phone(page: Image.Image, noise: np.random.Generator) -> Image.Image:
    """Seen from the side under a lamp at one corner, a little out of focus."""
    width, height = page.size
    corners = ((70, 40), (width - 30, 10), (width - 60, height - 20), (20, height - 60))
    photo = page.transform(
        page.size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, page.size),
        resample=Image.Resampling.BICUBIC,
        fillcolor=90,
    ).filter(ImageFilter.GaussianBlur(1.5))
    down, right = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = 0.4 + 0.6 * np.exp(-1.7 * (down**2 + right**2))
    return _add_noise(Image.fromarray((np.asarray(photo) * light).astype(np.uint8)), noise, sigma=4.0)


def _perspective(corners: tuple[tuple[int, int], ...], size_px: tuple[int, int]) -> tuple[float, ...]:
    """Pillow's eight numbers for corners, clockwise from the upper left, that the page's corners go to."""
    sources = ((0, 0), (size_px[0], 0), size_px, (0, size_px[1]))
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, sources, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float)))


Condition = Callable[[Image.Image, np.random.Generator], Image.Image]

CONDITIONS: Mapping[str, Condition] = {
    "clean": _scan,
    "fax": _fax,
    "skew +7": partial(_scan, degrees=7.0),
    "skew -7": partial(_scan, degrees=-7.0),
    "turned 90": partial(_scan, degrees=90.0),
    "turned 180": partial(_scan, degrees=180.0),
    "turned 270": partial(_scan, degrees=270.0),
    "noise": _noisy,
    "faint": _faint,
    "phone": _phone,
}
HARD = ("fax", "noise", "faint", "phone")
"""The conditions that damage the characters themselves."""
