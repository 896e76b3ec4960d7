"""Tables, forms, receipts and short pages with their text, for the row `accuracy`.

Numbers and words are drawn by lot from a seed; even seeds are for setting thresholds, odd ones are reported.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from worker.samples.fonts import Font, font_path

_PAPER, _INK = 250, 20
_MARGIN_PX = 110
_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficePage:
    """A picture, the pieces of text that are in it, and what kind of page it is."""

    kind: str
    picture: Image.Image
    pieces: tuple[str, ...]


_ROWS = {
    "jpn": "売上高 営業利益 経常利益 人件費 広告宣伝費 減価償却費 旅費交通費 通信費 消耗品費 "
    "地代家賃 水道光熱費 支払手数料",
    "eng": "Revenue Salaries Marketing Insurance Depreciation Travel Telephone Stationery Rent "
    "Electricity Fees",
    "nld": "Omzet Personeelskosten Huisvesting Verzekeringen Afschrijvingen Reiskosten Telefoon "
    "Kantoorartikelen Schoonmaak Elektriciteit Bankkosten",
    "deu": "Umsatzerlöse Personalkosten Werbekosten Versicherungen Abschreibungen Reisekosten Telefon "
    "Bürobedarf Miete Strom Bankgebühren",
}
_HEADS = {
    "jpn": "科目 前年度 当年度 増減 構成比",
    "eng": "Account Previous Current Change Share",
    "nld": "Rekening Vorig Huidig Verschil Aandeel",
    "deu": "Konto Vorjahr Aktuell Differenz Anteil",
}
_TITLES = {
    "jpn": "損益計算書の概要",
    "eng": "Summary of the income statement",
    "nld": "Overzicht van de resultatenrekening",
    "deu": "Zusammenfassung der Gewinnrechnung",
}
_LABELS = {
    "jpn": "氏名 住所 電話番号 生年月日 勤務先 申請日 部署名 口座番号",
    "eng": "Name Address Telephone Birthday Employer Date Department Account",
}
_VALUES = {
    "jpn": "山田太郎 東京都千代田区丸の内 03-3201-5544 昭和52年3月14日 "
    "株式会社青葉商事 令和6年5月31日 営業第二部 0012345",
    "eng": "Margaret_Holloway 14_Orchard_Street_Bristol 0117-496-0123 14_March_1977 Northfield_Trading_Ltd "
    "31_May_2024 Purchasing 00123456",
}
_GOODS = {
    "jpn": "牛乳 食パン 卵 豆腐 納豆 醤油 味噌 緑茶 砂糖 塩 鉛筆 封筒 電池 石鹸",
    "eng": "Milk Bread Eggs Butter Cheese Coffee Sugar Apples Pencils Envelopes Batteries Soap",
}


def table(language: str, seed: int) -> OfficePage:
    """A table with rules, figures to the right, under a title."""
    lot = random.Random(seed)
    font = _font(language, seed, lot.choice((24, 28, 32)))
    page, draw = _sheet(1654, 1200)
    heads, rows = _HEADS[language].split(), _ROWS[language].split()
    lot.shuffle(rows)
    pieces = [_TITLES[language], *heads]
    draw.text((_MARGIN_PX, 80), _TITLES[language], font=_font(language, seed, 40), fill=_INK)
    pitch, widths = round(font.size * 2), (470, 250, 250, 250, 210)
    edges = [_MARGIN_PX + sum(widths[:count]) for count in range(len(widths) + 1)]
    for row in range(len(rows) + 1):
        top = 170 + row * pitch
        cells = heads if row == 0 else [rows[row - 1], *_figures(lot)]
        pieces.extend(cells)
        for left, right, cell in zip(edges, edges[1:], cells, strict=False):
            width = font.getlength(cell)
            x = left + 14 if left == edges[0] or row == 0 else right - 14 - width
            draw.text((x, top + pitch * 0.22), cell, font=font, fill=_INK)
        draw.line((edges[0], top, edges[-1], top), fill=_INK, width=2)
    bottom = 170 + (len(rows) + 1) * pitch
    draw.line((edges[0], bottom, edges[-1], bottom), fill=_INK, width=2)
    for edge in edges:
        draw.line((edge, 170, edge, bottom), fill=_INK, width=2)
    return OfficePage(kind=f"table {language}", picture=page, pieces=tuple(pieces))


def form(language: str, seed: int) -> OfficePage:
    """Labels in boxes with what was filled in beside them, under a spaced title."""
    lot = random.Random(seed)
    title = {"jpn": "申請書", "eng": "APPLICATION"}[language]
    spaced = "　".join(title) if language == "jpn" else title
    font = _font(language, seed, lot.choice((26, 30)))
    page, draw = _sheet(1400, 1000)
    big = _font(language, seed, 64)
    draw.text(((1400 - big.getlength(spaced)) / 2, 70), spaced, font=big, fill=_INK)
    pairs = list(zip(_LABELS[language].split(), _VALUES[language].split(), strict=True))
    lot.shuffle(pairs)
    pieces = [title]
    for row, (label, filled_in) in enumerate(pairs):
        top, value = 200 + row * 84, filled_in.replace("_", " ")
        draw.rectangle((_MARGIN_PX, top, 1290, top + 84), outline=_INK, width=2)
        draw.line((450, top, 450, top + 84), fill=_INK, width=2)
        draw.text((_MARGIN_PX + 20, top + 26), label, font=font, fill=_INK)
        draw.text((480, top + 26), value, font=font, fill=_INK)
        pieces += [label, value]
    return OfficePage(kind=f"form {language}", picture=page, pieces=tuple(pieces))


def receipt(language: str, seed: int) -> OfficePage:
    """A narrow receipt whose zeros have a stroke, as many tills print them."""
    lot = random.Random(seed)
    font = _font("jpn", 0, lot.choice((24, 26, 28)))
    goods = lot.sample(_GOODS[language].split(), 9)
    prices = [lot.randrange(9, 400) * 10 for _ in goods]
    yen = "円" if language == "jpn" else ""
    lines = [{"jpn": "領収書", "eng": "RECEIPT"}[language]]
    lines += [f"{good} {price}{yen}" for good, price in zip(goods, prices, strict=True)]
    lines.append(f"{'合計' if language == 'jpn' else 'TOTAL'} {sum(prices):,}{yen}")
    lines.append(f"No.{lot.randrange(10**5, 10**6)}-{lot.randrange(100):02}")
    page, draw = _sheet(440, 160 + 56 * len(lines))
    for row, line in enumerate(lines):
        _draw_with_stroked_zeros(draw, (60, 80 + 56 * row), line, font)
    return OfficePage(kind=f"receipt {language}", picture=page, pieces=tuple(lines))


def short_page(language: str, seed: int, *, degrees: int) -> OfficePage:
    """Five lines in a corner of a sheet that is turned clockwise."""
    lot = random.Random(seed)
    font = _font(language, seed, lot.choice((30, 34, 40)))
    goods = lot.sample(_GOODS[language].split(), 4)
    if language == "jpn":
        lines = ["別紙　明細"] + [
            f"{good} {lot.choice('三五八')}個 {lot.choice('二四六')}百円" for good in goods
        ]
    else:
        lines = ["Enclosure: list"] + [
            f"{good}, {lot.choice(('three', 'five'))} boxes of it" for good in goods
        ]
    page, draw = _sheet(1240, 1754)
    for row, line in enumerate(lines):
        draw.text((_MARGIN_PX, 130 + row * font.size * 2.2), line, font=font, fill=_INK)
    turned = page.rotate(-degrees, expand=True)
    return OfficePage(kind=f"short {language} {degrees}", picture=turned, pieces=tuple(lines))


def _figures(lot: random.Random) -> list[str]:
    before, now = lot.randrange(100_000, 9_000_000), lot.randrange(100_000, 9_000_000)
    return [f"{before:,}", f"{now:,}", f"{now - before:,}", f"{lot.randrange(1, 999) / 10:.1f}%"]


def _draw_with_stroked_zeros(
    draw: ImageDraw.ImageDraw, at_px: tuple[int, int], line: str, font: ImageFont.FreeTypeFont
) -> None:
    x, y = at_px
    for char in line:
        draw.text((x, y), char, font=font, fill=_INK)
        if char == "0":
            left, top, right, bottom = draw.textbbox((x, y), char, font=font)
            draw.line((left + 2, bottom - 4, right - 3, top + 3), fill=_INK, width=2)
        x += round(font.getlength(char))


def _sheet(width_px: int, height_px: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (width_px, height_px), _PAPER)
    return page, ImageDraw.Draw(page)


def _font(language: str, seed: int, size_px: int) -> ImageFont.FreeTypeFont:
    if language == "jpn":
        name = font_path((Font.GOTHIC, Font.MINCHO, Font.GOTHIC_P)[seed % 3])
    else:
        serif = _DEJAVU / "DejaVuSerif.ttf"
        name = serif if seed % 2 and serif.is_file() else font_path(Font.VERA)
    return ImageFont.truetype(str(name), size_px)


SETS: Mapping[str, tuple[Callable[[int], OfficePage], ...]] = {
    "tables": tuple(partial(table, language) for language in _ROWS),
    "forms": tuple(partial(form, language) for language in _LABELS),
    "receipts": tuple(partial(receipt, language) for language in _GOODS),
    "short turned pages": tuple(
        partial(short_page, language, degrees=degrees) for language in _GOODS for degrees in (0, 90, 180, 270)
    ),
}
