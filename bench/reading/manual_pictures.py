"""What the screenshots of a born-digital manual cost: a manual with them beside the same one without."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bench.figure import Figure
from bench.reading.report_text import SUBJECTS, sentence
from bench.worker_under_test import WorkerUnderTest, warm_worker
from worker.samples.fonts import Font, font_path

_PAGES = int(os.environ.get("REAL_MANUAL_PAGES", "400"))
_SCREENSHOTS = round(_PAGES * 117 / 400)
_MOST_S = 1.5
_LINES, _LINE_CHARS = 24, 44
_WINDOW_PX = (720, 480)
_MENUS = "ファイル(F) 編集(E) 表示(V) 挿入(I) 書式(O) ツール(T) ヘルプ(H)"
_LABELS = [
    "ユーザー名",
    "保存先フォルダー",
    "用紙サイズ",
    "解像度",
    "既定のプリンター",
    "通知の間隔",
    "言語",
    "タイムゾーン",
]
_STATES = ["有効", "無効", "自動", "手動", "未設定", "処理中", "完了"]


def manual_pictures(home: Path) -> list[Figure]:
    """CPU of each screenshot, from message to index."""
    screenshots = [_screenshot(random.Random(f"window {number}")) for number in range(_SCREENSHOTS)]
    used_s = []
    with warm_worker(home / "manual") as worker:
        for name, pictures in (("plain", []), ("illustrated", screenshots)):
            path = home / f"{name}.pdf"
            write_manual(path, _PAGES, pictures)
            used_s.append(_worker_s(worker, path))
    plain_s, illustrated_s = used_s
    each_s = (illustrated_s - plain_s) / len(screenshots)
    return [
        Figure(
            what=f"{len(screenshots)} screenshots in a born-digital manual of {_PAGES} pages, CPU of each",
            figure=f"{each_s:.2f} s (of the manual without them: {plain_s:.1f} s)",
            must=f"<= {_MOST_S} s",
            met=each_s <= _MOST_S,
        )
    ]


def _worker_s(worker: WorkerUnderTest, path: Path) -> float:
    before_s = worker.cpu_s()
    worker.put(path.name, path.read_bytes())
    worker.finish(path.name)
    return worker.cpu_s() - before_s


def write_manual(path: Path, pages: int, screenshots: Sequence[Image.Image]) -> None:
    """A manual whose pages have a heading and lines of text; the screenshots are evenly among them."""
    pdfmetrics.registerFont(TTFont("manual", str(font_path(Font.GOTHIC))))
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for number in range(pages):
        chance = random.Random(f"manual {number}")
        canvas.setFont("manual", 15)
        canvas.drawString(60, 780, f"{number + 1}. {chance.choice(SUBJECTS)}の設定")
        canvas.setFont("manual", 10.5)
        text = "".join(sentence(chance) for _ in range(30))
        for line in range(_LINES // 2):
            canvas.drawString(60, 750 - 17 * line, text[line * _LINE_CHARS : (line + 1) * _LINE_CHARS])
        before, after = (turn * len(screenshots) // pages for turn in (number, number + 1))
        for picture in screenshots[before:after]:
            canvas.drawImage(ImageReader(picture), 60, 230, width=450, height=300)
        canvas.showPage()
    canvas.save()


def _screenshot(chance: random.Random) -> Image.Image:
    """A window with a title, menus, settings and buttons, as it is on a screen of 96 dpi."""
    window = Image.new("RGB", _WINDOW_PX, (240, 240, 240))
    draw = ImageDraw.Draw(window)
    font = ImageFont.truetype(str(font_path(Font.GOTHIC_P)), 16)
    draw.rectangle((0, 0, _WINDOW_PX[0], 30), fill=(0, 84, 153))
    draw.text((12, 7), f"{chance.choice(SUBJECTS)} - 設定", font=font, fill="white")
    draw.text((12, 38), _MENUS, font=font, fill=(20, 20, 20))
    for row, label in enumerate(chance.sample(_LABELS, len(_LABELS))):
        y_px = 80 + 40 * row
        draw.text((24, y_px + 6), label, font=font, fill=(20, 20, 20))
        draw.rectangle((230, y_px, 690, y_px + 28), fill="white", outline=(130, 130, 130))
        value = f"{chance.choice(_STATES)} ({chance.randrange(1, 9999)})"
        draw.text((240, y_px + 6), value, font=font, fill=(20, 20, 20))
    for number, label in enumerate(("適用", "キャンセル")):
        x_px = 440 + 130 * number
        draw.rectangle((x_px, 430, x_px + 115, 462), fill=(225, 225, 225), outline=(100, 100, 100))
        draw.text((x_px + 20, 438), label, font=font, fill=(20, 20, 20))
    return window
