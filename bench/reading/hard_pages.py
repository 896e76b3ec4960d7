"""Pages that are hard to read: photographs of a report, tables of real shape, receipts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from bench.reading.camera import photograph
from bench.reading.report_text import SUBJECTS, figures_table, heading, paragraph
from worker.samples.fonts import Font, font_path

_INK, _PAPER = 25, 244
_SHOPS = ("中央文具店", "みなと食堂", "東町薬局", "高原青果")
_GOODS = (
    *("コピー用紙Ａ４", "付箋７５ｍｍ", "三色ボールペン", "単三乾電池", "緑茶５００ｍｌ", "幕の内弁当"),
    *("鮭おにぎり", "食パン６枚切", "牛乳１Ｌ", "りんご", "風邪薬", "絆創膏", "洗濯洗剤", "封筒長３"),
    "消しゴム",
)
_RECEIPT_PX = 620


@dataclass(frozen=True, kw_only=True, slots=True)
class HardPage:
    """A picture in grey, and its text."""

    kind: str
    picture: Image.Image
    truth: str


def hard_pages(each: int = 4, *, seed: int = 0) -> Iterator[HardPage]:
    """So many of each kind."""
    for number in range(each):
        for kind, draw in (("photograph", _photograph), ("table", _table), ("receipt", _receipt)):
            picture, truth = draw(random.Random(f"{kind} {seed} {number}"), seed * 100 + number)
            yield HardPage(kind=kind, picture=picture, truth=truth)


def _font(font: Font, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(font)), size_px)


def _photograph(chance: random.Random, seed: int) -> tuple[Image.Image, str]:
    """Half a page of text."""
    page = Image.new("L", (1400, 1150), _PAPER)
    draw = ImageDraw.Draw(page)
    truth = [heading(chance)]
    draw.text((110, 90), truth[0], font=_font(Font.GOTHIC, 36), fill=_INK)
    body = _font(Font.MINCHO if seed % 2 else Font.GOTHIC, 28)
    text = paragraph(chance, 560)
    for row, begin in enumerate(range(0, min(len(text), 42 * 19), 42)):
        truth.append(text[begin : begin + 42])
        draw.text((110, 170 + 47 * row), truth[-1], font=body, fill=_INK)
    return photograph(page, seed), "\n".join(truth)


def _table(chance: random.Random, seed: int) -> tuple[Image.Image, str]:
    """A budget: small figures between rules, a head over two columns, a scan with noise."""
    rows, columns = chance.randint(18, 24), chance.randint(5, 7)
    table = figures_table(chance, rows, columns)
    page = Image.new("L", (1500, 120 + 46 * (rows + 2)), _PAPER)
    draw = ImageDraw.Draw(page)
    name_px, cell_px = 420, 1380 // (columns + 2)
    font = _font(Font.GOTHIC, 22)
    title = f"{chance.choice(SUBJECTS)}に関する予算の推移（単位：百万円）"
    draw.text((60, 24), title, font=_font(Font.MINCHO, 26), fill=_INK)
    truth = [title]
    right_px = 60 + name_px + cell_px * columns
    for number, row in enumerate(table):
        top_px = 80 + 46 * number
        draw.line((60, top_px, right_px, top_px), fill=_INK, width=2)
        draw.text((70, top_px + 12), row[0], font=font, fill=_INK)
        for column, cell in enumerate(row[1:]):
            x_px = 60 + name_px + cell_px * (column + 1) - 10 - font.getlength(cell)
            draw.text((x_px, top_px + 12), cell, font=font, fill=_INK)
        truth.append(" ".join(row))
    bottom_px = 80 + 46 * len(table)
    draw.line((60, bottom_px, right_px, bottom_px), fill=_INK, width=2)
    for column in range(columns + 1):
        x_px = 60 + name_px + cell_px * column
        draw.line((x_px, 80, x_px, bottom_px), fill=_INK, width=2)
    return photograph(page, seed, blur_px=0.9), "\n".join(truth)


def _receipt(chance: random.Random, seed: int) -> tuple[Image.Image, str]:
    """A strip of thermal paper: square characters, stroked zeros, fading."""
    goods = [chance.choice(_GOODS) for _ in range(chance.randint(10, 20))]
    prices = [chance.randrange(80, 4_000, 10) for _ in goods]
    total = sum(prices)
    lines = [
        (chance.choice(_SHOPS), ""),
        (f"電話 03-{chance.randint(1000, 9999)}-{chance.randint(1000, 9999)}", ""),
        (f"2031年{chance.randint(1, 12)}月{chance.randint(1, 28)}日 1{chance.randint(0, 9)}:05", ""),
        *((name, f"¥{price:,}") for name, price in zip(goods, prices, strict=True)),
        ("小計", f"¥{total:,}"),
        ("（内消費税等", f"¥{total // 11:,}）"),
        ("合計", f"¥{total:,}"),
        ("お預り", f"¥{total + 500:,}"),
        ("お釣り", "¥500"),
    ]
    page = Image.new("L", (_RECEIPT_PX, 90 + 44 * len(lines)), _PAPER)
    draw = ImageDraw.Draw(page)
    font = _font(Font.GOTHIC, 30)
    ink = 70 + 20 * (seed % 3)
    for row, (name, price) in enumerate(lines):
        y_px = 40 + 44 * row
        draw.text((36, y_px), name, font=font, fill=ink)
        _stroke_zeros(draw, (_RECEIPT_PX - 36 - font.getlength(price), y_px), price, font, ink)
    truth = "\n".join(f"{name} {price}".strip() for name, price in lines)
    return photograph(page, seed, blur_px=1.3), truth


def _stroke_zeros(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, font: ImageFont.FreeTypeFont, ink: int
) -> None:
    """The text with a stroke through each zero, as many printers have it."""
    x_px, y_px = at
    for char in text:
        draw.text((x_px, y_px), char, font=font, fill=ink)
        width_px = font.getlength(char)
        if char == "0":
            draw.line((x_px + 4, y_px + 24, x_px + width_px - 4, y_px + 9), fill=ink, width=2)
        x_px += width_px
