"""What the stand-in Tesseract reads, model by model, and a page for it to read."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

BOTH = ("jpn", "eng")
JAPANESE = "当四半期の売上高は過去最高を記録した"
NOISE = "選溢上性鹿昌卿時民凡更十人人忍思" * 4
LATIN_NOISE = "BC ROW OMEDLA LRRD HAEIOMOE WHOMKREBOSKMK SIII2HS"
LATIN = "The quick brown fox jumps over the lazy dog"


def dashes(width: int, height: int, *, stroke: int = 40) -> Image.Image:
    """A page with lines of dashes, as text looks from a distance."""
    image = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(image)
    for top in range(height // 5, height * 4 // 5, 40):
        for left in range(width // 5, width * 4 // 5, 50):
            draw.rectangle((left, top, left + stroke, top + 14), fill=20)
    return image


def tsv(text: str, confidence: float) -> str:
    header = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    rows = [f"5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t{confidence}\t{word}\n" for word in text.split()]
    return header + "".join(rows)


def answers(tesseract: Path, **texts: tuple[str, float]) -> None:
    """What each model reads; the others are not installed."""
    (tesseract / "languages").write_text("List of available languages:\n" + "\n".join(texts) + "\n")
    for model, (text, confidence) in texts.items():
        (tesseract / f"{model}.tsv").write_text(tsv(text, confidence))


def models_asked(tesseract: Path) -> list[str]:
    return [line.split()[0] for line in (tesseract / "calls").read_text().splitlines()]
