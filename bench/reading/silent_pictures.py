"""Pictures without a character, as phones take them: scenes that a script draws, and artwork of the machine.

The artwork is named in a list with hashes and is not kept here; `python -m bench.reading.silent_pictures`
writes the list anew. Absent or changed files are left out, and counted by the row.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from bench.reading.camera import photograph

LIST = Path(__file__).with_name("artwork.tsv")
_FOLDERS = ("/usr/share/icons/Adwaita/512x512", "/usr/share/icons/hicolor/512x512")
_ARTWORK = 20
_NAMED_WITH_LETTERS = (
    "address",
    "text",
    "font",
    "spreadsheet",
    "presentation",
    "document",
    "web",
    "html",
    "math",
    "formula",
)
"""Icons of these things have letters on them."""
_SIDE_PX = 1100
_BACKGROUND = 205

Scene = Callable[[ImageDraw.ImageDraw, random.Random], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentPicture:
    """A picture in grey without text, and what it is."""

    kind: str
    picture: Image.Image


def silent_pictures(each: int, *, seed: int = 1) -> Iterator[SilentPicture]:
    """So many of each scene, then the artwork that the machine has."""
    for name, draw in SCENES.items():
        for number in range(each):
            chance = random.Random(f"{name} {seed} {number}")
            picture = Image.new("L", (_SIDE_PX, _SIDE_PX), _BACKGROUND)
            draw(ImageDraw.Draw(picture), chance)
            yield SilentPicture(kind=name, picture=photograph(picture, seed * 1_000 + number))
    for number, path in enumerate(_artwork()):
        with Image.open(path) as icon:
            shown = icon.convert("RGBA").resize((800, 800))
        picture = Image.new("RGBA", (_SIDE_PX, _SIDE_PX), (_BACKGROUND, _BACKGROUND, _BACKGROUND, 255))
        picture.alpha_composite(shown, (150, 150))
        yield SilentPicture(kind="artwork", picture=photograph(picture.convert("L"), seed * 2_000 + number))


def absent_artwork() -> int:
    """How many files of the list the machine has not, or with other bytes."""
    return len(_listed()) - len(_artwork())


def _listed() -> list[list[str]]:
    return [line.split("\t") for line in LIST.read_text().splitlines()]


def _artwork() -> list[Path]:
    return [Path(path) for path, sha256 in _listed() if Path(path).is_file() and _hash(Path(path)) == sha256]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_list() -> None:
    """Choose the artwork anew."""
    found = [path for folder in _FOLDERS for path in sorted(Path(folder).rglob("*.png")) if path.is_file()]
    silent = [path for path in found if not any(word in path.name for word in _NAMED_WITH_LETTERS)]
    chosen = random.Random(1).sample(silent, min(_ARTWORK, len(silent)))
    LIST.write_text("".join(f"{path}\t{_hash(path)}\n" for path in sorted(chosen)))


def _castle(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for tower in range(5):
        left, top = 80 + 190 * tower, chance.randrange(250, 560)
        shade = chance.randrange(60, 130)
        draw.rectangle((left, top, left + 150, 1000), fill=shade)
        for merlon in range(4):
            draw.rectangle((left + 40 * merlon, top - 30, left + 40 * merlon + 22, top), fill=shade)
        for window in range(chance.randrange(2, 5)):
            y_px = top + 60 + 90 * window
            draw.rectangle((left + 60, y_px, left + 84, y_px + 44), fill=25)


def _fur(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    draw.ellipse((200, 250, 900, 1000), fill=120)
    for _ in range(9_000):
        angle, away = chance.uniform(0, 2 * math.pi), 370 * math.sqrt(chance.random())
        x_px, y_px = 550 + away * math.cos(angle), 620 + away * math.sin(angle)
        end = (x_px + chance.uniform(-9, 9), y_px + chance.uniform(8, 26))
        draw.line((x_px, y_px, *end), fill=chance.randrange(30, 190), width=2)
    for eye_px in (430, 670):
        draw.ellipse((eye_px - 28, 520, eye_px + 28, 576), fill=10)


def _desk(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for plank in range(9):
        draw.line((0, 120 * plank, _SIDE_PX, 120 * plank + chance.randrange(9)), fill=150, width=4)
    for _ in range(chance.randrange(5, 9)):
        x_px, y_px = chance.randrange(80, 800), chance.randrange(80, 800)
        box = (x_px, y_px, x_px + chance.randrange(60, 260), y_px + chance.randrange(30, 200))
        chance.choice((draw.rectangle, draw.ellipse))(
            box, fill=chance.randrange(40, 250), outline=30, width=3
        )
    for _ in range(4):
        x_px, y_px = chance.randrange(100, 900), chance.randrange(100, 900)
        draw.line(
            (x_px, y_px, x_px + chance.randrange(90, 240), y_px + chance.randrange(-90, 90)),
            fill=35,
            width=11,
        )


def _leaves(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for _ in range(900):
        x_px, y_px = chance.randrange(_SIDE_PX), chance.randrange(_SIDE_PX)
        wide, high = chance.randrange(12, 60), chance.randrange(8, 30)
        draw.ellipse((x_px, y_px, x_px + wide, y_px + high), fill=chance.randrange(30, 190))


def _bricks(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for row in range(24):
        for column in range(-1, 12):
            left, top = column * 100 + 50 * (row % 2), row * 46
            draw.rectangle((left, top, left + 92, top + 38), fill=chance.randrange(90, 160))


def _blinds(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    pitch = chance.randrange(22, 44)
    for slat in range(_SIDE_PX // pitch):
        draw.rectangle((60, slat * pitch, 1040, slat * pitch + pitch * 0.6), fill=chance.randrange(70, 110))


def _bars(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """A barcode without its digits, and the squares of a two-dimensional one."""
    x_px = 120
    while x_px < 620:
        width = chance.choice((3, 3, 6, 9))
        draw.rectangle((x_px, 150, x_px + width, 360), fill=15)
        x_px += width + chance.choice((3, 6, 9))
    for row in range(29):
        for column in range(29):
            if chance.random() < 0.5:
                left, top = 520 + 14 * column, 560 + 14 * row
                draw.rectangle((left, top, left + 13, top + 13), fill=15)


def _rules(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """An empty table."""
    rows, columns = chance.randrange(6, 16), chance.randrange(3, 8)
    for row in range(rows + 1):
        draw.line((100, 150 + row * 800 / rows, 1000, 150 + row * 800 / rows), fill=40, width=3)
    for column in range(columns + 1):
        draw.line((100 + column * 900 / columns, 150, 100 + column * 900 / columns, 950), fill=40, width=3)


def _logo(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for ring in range(chance.randrange(2, 6)):
        side = 360 - 70 * ring
        box = (550 - side, 550 - side, 550 + side, 550 + side)
        draw.pieslice(box, chance.randrange(360), chance.randrange(360, 700), fill=chance.randrange(20, 240))
    corners = [
        (550 + 200 * math.cos(turn * 2.5133), 550 + 200 * math.sin(turn * 2.5133)) for turn in range(5)
    ]
    draw.polygon(corners, outline=20, width=9)


def _sky(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """Clouds over hills, wires across."""
    for _ in range(40):
        x_px, y_px, side = chance.randrange(_SIDE_PX), chance.randrange(500), chance.randrange(40, 200)
        draw.ellipse((x_px, y_px, x_px + 2 * side, y_px + side), fill=chance.randrange(215, 250))
    hills = [(x_px, 760 + 90 * math.sin(x_px / chance.randrange(90, 220))) for x_px in range(0, 1101, 60)]
    draw.polygon([(0, 1100), *hills, (1100, 1100)], fill=85)
    for wire in range(5):
        draw.line((0, 120 + 40 * wire, 1100, 180 + 40 * wire), fill=40, width=3)


SCENES: Mapping[str, Scene] = {
    "castle": _castle,
    "fur": _fur,
    "desk": _desk,
    "leaves": _leaves,
    "bricks": _bricks,
    "blinds": _blinds,
    "bars": _bars,
    "empty table": _rules,
    "logo": _logo,
    "sky": _sky,
}


if __name__ == "__main__":
    write_list()
