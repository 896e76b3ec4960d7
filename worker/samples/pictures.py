"""Sample images with text: a photographed invoice, a photographed sign, a drawing, a fax as TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from worker.samples import texts as sample_texts
from worker.samples.fonts import Font, font_path
from worker.samples.typesetting import wrap

_Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

_INVOICE_PX = (1654, 2339)
_SIGN_PX = (1400, 900)
_PHOTO_PX = (2000, 1500)
_DRAWING_PX = (2200, 1500)
_FAX_PX = (1728, 2200)
_FAX_DPI = 200
_INK = (25, 25, 40)


def write_invoice(path: Path) -> str:
    """Write a JPEG of an invoice on paper, lit from one side; returns its text."""
    page = Image.new("RGB", _INVOICE_PX, (250, 248, 242))
    draw = ImageDraw.Draw(page)
    title, *head = sample_texts.INVOICE_HEAD
    draw.text((_INVOICE_PX[0] / 2, 190), title, font=_font(Font.GOTHIC_P, 84), fill=_INK, anchor="mm")
    body = _font(Font.GOTHIC_P, 36)
    for number, line in enumerate(head):
        draw.text((180, 330 + 80 * number), line, font=body, fill=_INK)
    bottom_px = _table(draw, sample_texts.INVOICE_TABLE, top_px=800, font=body)
    for number, line in enumerate(sample_texts.INVOICE_FOOT):
        draw.text((180, bottom_px + 100 + 80 * number), line, font=body, fill=_INK)
    _add_lighting(page, seed=11).save(path, "JPEG", quality=82, dpi=(200, 200))
    rows = ("\t".join(cell for cell in row if cell) for row in sample_texts.INVOICE_TABLE)
    return "\n".join((title, *head, *rows, *sample_texts.INVOICE_FOOT))


def _table(
    draw: ImageDraw.ImageDraw,
    rows: tuple[tuple[str, ...], ...],
    *,
    top_px: int,
    font: ImageFont.FreeTypeFont,
) -> int:
    """Draw a ruled table; returns the y coordinate of its bottom."""
    edges_px = (170, 770, 970, 1210, 1484)
    height_px = 84
    for number, row in enumerate(rows):
        y_px = top_px + number * height_px
        for left_px, right_px, text in zip(edges_px, edges_px[1:], row, strict=False):
            draw.rectangle((left_px, y_px, right_px, y_px + height_px), outline=_INK, width=3)
            draw.text((left_px + 26, y_px + height_px / 2), text, font=font, fill=_INK, anchor="lm")
    return top_px + len(rows) * height_px


def write_sign_photo(path: Path) -> str:
    """Write a JPEG of a sign on a wall, in perspective; returns the sign's text."""
    sign = Image.new("RGB", _SIGN_PX, (250, 214, 60))
    draw = ImageDraw.Draw(sign)
    draw.rectangle((20, 20, _SIGN_PX[0] - 20, _SIGN_PX[1] - 20), outline=_INK, width=14)
    sizes_px = (190, 110, 76, 76)
    y_px = 150
    for line, size_px in zip(sample_texts.SIGN, sizes_px, strict=True):
        font = _font(Font.GOTHIC_P, size_px)
        draw.text((_SIGN_PX[0] / 2, y_px), line, font=font, fill=_INK, anchor="mm")
        y_px += size_px + 75
    wall = np.linspace((120, 132, 140), (186, 190, 188), _PHOTO_PX[1])[:, None, :]
    photo = Image.fromarray(np.broadcast_to(wall, (_PHOTO_PX[1], _PHOTO_PX[0], 3)).astype(np.uint8))
    corners = ((300.0, 300.0), (1690.0, 380.0), (1660.0, 1190.0), (330.0, 1260.0))
    photo.paste(_project(sign, corners), mask=_project(Image.new("L", _SIGN_PX, 255), corners))
    blurred = photo.filter(ImageFilter.GaussianBlur(0.8))
    _add_lighting(blurred, seed=12).save(path, "JPEG", quality=85)
    return "\n".join(sample_texts.SIGN)


def write_drawing(path: Path) -> str:
    """Write a PNG of a technical drawing with dimensions and a title block; returns its text."""
    page = Image.new("L", _DRAWING_PX, 255)
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 40, _DRAWING_PX[0] - 40, _DRAWING_PX[1] - 40), outline=0, width=5)
    draw.rounded_rectangle((350, 300, 1310, 940), radius=80, outline=0, width=6)
    for x_px, y_px in ((470, 420), (1190, 420), (470, 820), (1190, 820)):
        draw.ellipse((x_px - 36, y_px - 36, x_px + 36, y_px + 36), outline=0, width=4)
        draw.line((x_px - 60, y_px, x_px + 60, y_px), fill=0, width=2)
        draw.line((x_px, y_px - 60, x_px, y_px + 60), fill=0, width=2)
    draw.line((350, 1050, 1310, 1050), fill=0, width=3)
    draw.line((1430, 300, 1430, 940), fill=0, width=3)
    labels_px = ((830, 1110), (1500, 620), (640, 520), (1400, 230))
    font = _font(Font.GOTHIC_P, 44)
    for text, place_px in zip(sample_texts.DRAWING_DIMENSIONS, labels_px, strict=True):
        draw.text(place_px, text, font=font, fill=0, anchor="mm")
    _title_block(draw, font)
    page.save(path, "PNG", dpi=(200, 200))
    rows = (" ".join(row) for row in sample_texts.DRAWING_TITLE_BLOCK)
    return "\n".join((*sample_texts.DRAWING_DIMENSIONS, *rows))


def _title_block(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> None:
    left_px, middle_px, right_px, top_px, height_px = 1320, 1580, 2120, 1000, 84
    for number, (name, value) in enumerate(sample_texts.DRAWING_TITLE_BLOCK):
        y_px = top_px + number * height_px
        draw.rectangle((left_px, y_px, middle_px, y_px + height_px), outline=0, width=3)
        draw.rectangle((middle_px, y_px, right_px, y_px + height_px), outline=0, width=3)
        draw.text((left_px + 30, y_px + height_px / 2), name, font=font, fill=0, anchor="lm")
        draw.text((middle_px + 30, y_px + height_px / 2), value, font=font, fill=0, anchor="lm")


def write_fax(path: Path) -> tuple[str, ...]:
    """Write a bilevel multi-page TIFF (fax compression G4); returns the text of each page."""
    pages = [_fax_page(text) for text in sample_texts.LETTERS]
    pages[0].save(
        path,
        "TIFF",
        save_all=True,
        append_images=pages[1:],
        compression="group4",
        dpi=(_FAX_DPI, _FAX_DPI),
    )
    return sample_texts.LETTERS


def _fax_page(text: str) -> Image.Image:
    page = Image.new("L", _FAX_PX, 255)
    draw = ImageDraw.Draw(page)
    heading, _, body = text.partition("\n")
    draw.text((170, 170), heading, font=_font(Font.VERA, 52), fill=0)
    font = _font(Font.VERA, 34)
    for number, line in enumerate(wrap(body, _FAX_PX[0] - 340, font.getlength)):
        draw.text((170, 330 + 64 * number), line, font=font, fill=0)
    # Without dithering, which a fax machine's threshold does not have either.
    return page.convert("1", dither=Image.Dither.NONE)


def _add_lighting(picture: Image.Image, *, seed: int) -> Image.Image:
    """The image lit from its upper left, with sensor noise."""
    width_px, height_px = picture.size
    light = np.linspace(1.0, 0.8, width_px)[None, :] * np.linspace(1.0, 0.9, height_px)[:, None]
    noise = np.random.default_rng(seed).standard_normal((height_px, width_px), dtype=np.float32) * 3.0
    lit = np.asarray(picture) * light[:, :, None] + noise[:, :, None]
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _project(picture: Image.Image, corners: _Corners) -> Image.Image:
    """The image projected so that its corners (clockwise from the upper left) lie at `corners`."""
    # Pillow needs the eight coefficients that map a target point to its source point; four pairs of corners
    # give eight equations for them.
    width_px, height_px = picture.size
    sources = ((0, 0), (width_px, 0), (width_px, height_px), (0, height_px))
    equations, wanted = [], []
    for (x, y), (u, v) in zip(corners, sources, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    numbers = np.linalg.solve(np.array(equations, dtype=float), np.array(wanted, dtype=float))
    return picture.transform(
        _PHOTO_PX, Image.Transform.PERSPECTIVE, tuple(numbers), resample=Image.Resampling.BICUBIC
    )


def _font(font: Font, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(font)), size_px)
