"""Scanned PDFs as from an office scanner: grayscale pages with noise and slight skew, JPEG in PDF."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from worker.samples.fonts import Font, font_path
from worker.samples.jpeg_pdf import write_jpeg_pdf
from worker.samples.scan_texts import ScanPage, scan_page
from worker.samples.typesetting import wrap

_A4_PT = (595.28, 841.89)
_MARGIN_PT = 70.0
_BODY_PT = {"jpn": 12.0, "eng": 11.0}
_HEADING_PT = 16.0
_LINE_PITCH = 1.75
_PAPER_GREY = 244
_INK_GREY = 35
_NOISE_SIGMA = 5.0
_NOISE_SLACK_PX = 64
_SPECKLES = 40
_SKEW_DEGREES = 1.0
_JPEG_QUALITY = 75
_FONTS = {"jpn": Font.GOTHIC, "eng": Font.VERA}

Noise = npt.NDArray[np.int16]


def write_scan(
    path: Path, pages: int, *, seed: int = 0, language: str = "jpn", dpi: int = 200, body: bool = True
) -> list[str]:
    """Write a scanned PDF of `pages` A4 pages (1 to 900); returns the text of each.

    The same arguments give the same bytes. `language` is jpn or eng. Without `body` a page has only its
    heading and footer.
    """
    truths = []

    def jpegs() -> Iterator[bytes]:
        # Generated once for all pages, inside the generator: only a consumed scan pays for it.
        noise = _noise(seed, dpi)
        for number in range(1, pages + 1):
            words = scan_page(number, seed=seed, language=language)
            words = words if body else replace(words, paragraphs=())
            chance = random.Random(f"{seed}/{number}/scanner")
            truths.append(words.text)
            yield _jpeg(_simulate_scan(draw_page(words, language=language, dpi=dpi), noise, chance), dpi)

    write_jpeg_pdf(path, jpegs(), size_px=_page_px(dpi), size_pt=_A4_PT)
    return truths


def _page_px(dpi: int) -> tuple[int, int]:
    return round(_A4_PT[0] * dpi / 72), round(_A4_PT[1] * dpi / 72)


def draw_page(words: ScanPage, *, language: str, dpi: int) -> Image.Image:
    """A clean grayscale A4 page at `dpi`, without scanner noise."""
    scale = dpi / 72
    width_px, height_px = _page_px(dpi)
    picture = Image.new("L", (width_px, height_px), _PAPER_GREY)
    draw = ImageDraw.Draw(picture)
    file = str(font_path(_FONTS[language]))
    body = ImageFont.truetype(file, round(_BODY_PT[language] * scale))
    heading = ImageFont.truetype(file, round(_HEADING_PT * scale))
    left_px, y_px = _MARGIN_PT * scale, _MARGIN_PT * scale
    draw.text((left_px, y_px), words.heading, font=heading, fill=_INK_GREY)
    y_px += heading.size * 2.2
    for paragraph in words.paragraphs:
        for line in wrap(paragraph, width_px - 2 * left_px, body.getlength):
            draw.text((left_px, y_px), line, font=body, fill=_INK_GREY)
            y_px += body.size * _LINE_PITCH
        y_px += body.size * 0.6
    foot_px = (width_px / 2, height_px - _MARGIN_PT * scale / 2)
    draw.text(foot_px, words.footer, font=body, fill=_INK_GREY, anchor="mm")
    return picture


def _noise(seed: int, dpi: int) -> Noise:
    """One field of noise, larger than a page: generating it is slow, so pages take different crops of it."""
    width_px, height_px = _page_px(dpi)
    shape = (height_px + _NOISE_SLACK_PX, width_px + _NOISE_SLACK_PX)
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return (noise * _NOISE_SIGMA).astype(np.int16)


def _simulate_scan(page: Image.Image, noise: Noise, chance: random.Random) -> Image.Image:
    skewed = page.rotate(
        chance.uniform(-_SKEW_DEGREES, _SKEW_DEGREES),
        resample=Image.Resampling.BICUBIC,
        fillcolor=_PAPER_GREY,
    )
    draw = ImageDraw.Draw(skewed)
    for _ in range(_SPECKLES):
        x_px, y_px = chance.randrange(page.width), chance.randrange(page.height)
        draw.rectangle((x_px, y_px, x_px + 1, y_px + 1), fill=chance.randint(60, 180))
    down, right = chance.randrange(_NOISE_SLACK_PX), chance.randrange(_NOISE_SLACK_PX)
    crop = noise[down : down + page.height, right : right + page.width]
    return Image.fromarray(np.clip(np.asarray(skewed) + crop, 0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image, dpi: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_JPEG_QUALITY, dpi=(dpi, dpi))
    return file.getvalue()
