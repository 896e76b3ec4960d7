"""Good pages of the fresh bed, by reportlab: letters, statements, magazines, gazettes, many scripts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bench.beds.sources import Source
from bench.reading.report_text import PLACES, SUBJECTS, paragraph, sentence
from worker.samples.fonts import Font, font_path

PAGES = 5
_SEED = "fresh"
_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
_NBSP, _SOFT_HYPHEN = "\u00a0", "\u00ad"
_VERTICAL = "HeiseiMin-W3"
_FONTS = {
    "gothic": font_path(Font.GOTHIC),
    "proportional": font_path(Font.GOTHIC_P),
    "mincho": font_path(Font.MINCHO),
    "serif": _DEJAVU / "DejaVuSerif.ttf",
    "sans": _DEJAVU / "DejaVuSans.ttf",
    "mono": _DEJAVU / "DejaVuSansMono.ttf",
}
_FRENCH = (
    "Madame, Monsieur, veuillez trouver ci-joint le relevé arrêté au 31 août",
    "L’échéance du prêt à taux zéro, révisée en février, n’a pas été réglée",
    "Cœur de l’été : l’île brûlée dès l’aube, où naît déjà l’ombre d’un chêne",
    "« Garçon ! » cria-t-elle ; le maître d’hôtel, gêné, s’inclina très bas",
    "Près du théâtre, un forgeron âgé fêtait Noël avec sa sœur aînée",
)
_GERMAN = (
    "Sehr geehrte Frau Müller, für Ihre Rückfrage über die Grundgebühr danken wir",
    "Die Prüfung gemäß § 5 Abs. 3 ergab Unregelmäßigkeiten bei Löhnen und Gehältern",
    "Schöne Grüße aus Österreich: Äpfel, Nüsse und heiße Brühe für müde Füße",
    "Der Großhändler räumte ein, daß äußerst wenige Käufer zurückgekehrt seien",
)
_ENGLISH = (
    "The harbour master’s ledger for the winter was never found again",
    "Interest accrues daily at a rate of 3.25% and is credited each quarter",
    "She folded the map, paid the ferryman, and walked uphill into the wind",
)
_OTHERS = (
    "Вечером в саду пахло яблоками, и бабушка читала вслух старые письма",
    "Το καράβι έφυγε νωρίς το πρωί, και η θάλασσα ήταν ήρεμη σαν λάδι",
    "Buổi sáng mùa thu, những người bán hàng đẩy xe qua cây cầu gỗ",
    "Sabahleyin güneş doğarken şoför ağır ağır köprüden geçiyordu",
    "Příliš žluťoučký kůň úpěl ďábelské ódy u řeky, než přišla bouře",
    "På fjället låg snön ännu kvar när båten äntligen nådde ön",
)
_Draw = Callable[[Canvas, random.Random], None]


def fresh_pdfs(folder: Path, kinds: Sequence[str] = ()) -> Iterator[Source]:
    """A PDF of `PAGES` pages for each of these kinds, or all; needs the Debian package fonts-dejavu."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in _FONTS.items():
        if file.is_file():
            pdfmetrics.registerFont(TTFont(f"bed-{name}", str(file)))
    pdfmetrics.registerFont(UnicodeCIDFont(_VERTICAL, isVertical=True))
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
    for kind, draw in ((kind, KINDS[kind]) for kind in kinds or KINDS):
        path = folder / f"{kind}.pdf"
        canvas = Canvas(str(path), pagesize=A4, invariant=True)
        for number in range(PAGES):
            draw(canvas, random.Random(f"{_SEED} {kind} {number}"))
            canvas.showPage()
        canvas.save()
        yield Source.of("made", path)


def _lines(font: str, size_pt: float, line: Callable[[random.Random], str], *, count: int = 44) -> _Draw:
    def draw(canvas: Canvas, chance: random.Random) -> None:
        canvas.setFont(font, size_pt)
        for number in range(count):
            canvas.drawString(56, 790 - 17 * number, line(chance))

    return draw


def _prose(font: str, sentences: tuple[str, ...]) -> _Draw:
    return _lines(
        f"bed-{font}", 10, lambda chance: f"{chance.choice(sentences)}. {chance.choice(sentences)[:28]}"
    )


def _table(font: str, cells: Callable[[random.Random], tuple[str, ...]]) -> _Draw:
    def draw(canvas: Canvas, chance: random.Random) -> None:
        canvas.setFont(f"bed-{font}", 9)
        for row in range(40):
            y_pt = 790 - 18 * row
            for column, cell in enumerate(cells(chance)):
                canvas.drawString(56 + 95 * column, y_pt, cell)
            canvas.line(50, y_pt - 5, 545, y_pt - 5)

    return draw


def _amount(chance: random.Random, separator: str) -> str:
    return f"{chance.randrange(1, 999)}{separator}{chance.randrange(100, 999)},{chance.randrange(10, 99)}"


def _invoice(chance: random.Random) -> tuple[str, ...]:
    label = chance.choice(("Écrou zingué", "Pièce détachée", "Main-d’œuvre", "Frais de port", "Remise à 5 %"))
    amounts = (f"{_amount(chance, _NBSP)}{_NBSP}€" for _ in range(3))
    return (label.replace(" ", _NBSP), f"{chance.randrange(1, 99)}{_NBSP}×", *amounts)


def _statement(chance: random.Random) -> tuple[str, ...]:
    sign = chance.choice("+−")
    day = f"{chance.randrange(1, 29):02}.{chance.randrange(1, 13):02}."
    symbols = (f"{sign}{_amount(chance, '.')} {symbol}" for symbol in "€£¥")
    return (day, *symbols, chance.choice(("GUTSCHR.", "LASTSCHR.", "ÜBERTRAG", "GEBÜHR")))


def _exchange(chance: random.Random) -> tuple[str, ...]:
    return tuple(f"1 {chance.choice('€£¥$₩₹₺₽₫₴')} = {chance.random() * 90:.4f}" for _ in range(5))


def _timetable(chance: random.Random) -> tuple[str, ...]:
    times = (f"{chance.randrange(5, 24):02}:{chance.randrange(60):02}" for _ in range(4))
    return (chance.choice(("Bruxelles-Midi", "Zürich HB", "Genève", "Køge", "Łódź")), *times)


def _soft_hyphens(chance: random.Random) -> str:
    words = ("Bundes­ver­fas­sungs­ge­richt", "Ver­si­che­rungs­num­mer", "Straßen­bahn­hal­te­stel­le")
    return " ".join(chance.choice(words).replace("­", _SOFT_HYPHEN) for _ in range(3))


def _contents(chance: random.Random) -> str:
    title = chance.choice(_FRENCH + _GERMAN)[:34]
    return f"{chance.randrange(1, 12)}.{chance.randrange(1, 9)} {title} {'.' * 40} {chance.randrange(300)}"


def _code(chance: random.Random) -> str:
    name = chance.choice(("rows", "tmp_x", "ptr", "argv", "cfg"))
    mask = f"0x{chance.randrange(4096):03X}"
    return f"  if ({name}[{chance.randrange(9)}] != {mask}) {{ *{name}++ |= ~m; }} // {name}"


def _bank_kana(chance: random.Random) -> str:
    names = ("ﾔﾏﾀﾞ ﾀﾛｳ", "ｶ)ｱｵﾊﾞｼﾖｳｼﾞ", "ｽｽﾞｷ ﾊﾅｺ", "ﾕ)ﾐﾅﾄｼﾖｸﾄﾞｳ", "ﾃﾞﾝｷﾘﾖｳｷﾝ")
    return f"{chance.randrange(10**6, 10**7)} {chance.choice(names)} {chance.randrange(10**4, 10**6):,} ﾌﾘｺﾐ"


def _magazine(canvas: Canvas, chance: random.Random) -> None:
    """Two columns under a large title, its side heading from top to bottom."""
    canvas.setFont("bed-mincho", 26)
    canvas.drawString(60, 780, chance.choice(SUBJECTS) + "を考える")
    canvas.setFont("bed-gothic", 13)
    for number, char in enumerate("特集" + chance.choice(PLACES)):
        canvas.drawString(28, 760 - 16 * number, char)
    canvas.setFont("bed-mincho", 9)
    for column in range(2):
        text = paragraph(chance, 1_300)
        for row in range(46):
            canvas.drawString(60 + 250 * column, 740 - 15 * row, text[row * 25 : row * 25 + 25])


def _gazette_by_font(canvas: Canvas, chance: random.Random) -> None:
    """Two tiers of vertical lines, set in a vertical font."""
    canvas.setFont(_VERTICAL, 10)
    for tier in range(2):
        text = paragraph(chance, 1_100)
        for line in range(30):
            canvas.drawString(540 - 16.5 * line, 790 - 385 * tier, text[line * 34 : line * 34 + 34])


def _gazette_by_character(canvas: Canvas, chance: random.Random) -> None:
    """The same, each character placed by itself."""
    canvas.setFont("bed-mincho", 10)
    for tier in range(2):
        text = paragraph(chance, 1_100)
        for number, char in enumerate(text[: 30 * 34]):
            line, row = divmod(number, 34)
            canvas.drawString(540 - 16.5 * line, 780 - 385 * tier - 10.6 * row, char)


def _japanese_line(chance: random.Random) -> str:
    return sentence(chance)[:44]


def _both(chance: random.Random) -> str:
    return f"{sentence(chance)[:20]} {chance.choice(_ENGLISH)[:48]}"


def _figures(chance: random.Random) -> tuple[str, ...]:
    symbols = "△▲○―±"
    return (
        chance.choice(SUBJECTS),
        *(f"{chance.choice(symbols)}{chance.randrange(9_999):,}" for _ in range(4)),
    )


KINDS: Mapping[str, _Draw] = {
    "letter-fr": _prose("serif", _FRENCH),
    "letter-de": _prose("sans", _GERMAN),
    "scripts": _prose("sans", _OTHERS),
    "invoice-fr": _table("sans", _invoice),
    "statement-de": _table("mono", _statement),
    "exchange": _table("sans", _exchange),
    "timetable": _table("serif", _timetable),
    "soft-hyphens": _lines("bed-serif", 9, _soft_hyphens),
    "contents": _lines("bed-sans", 9, _contents),
    "code": _lines("bed-mono", 9, _code),
    "bank-kana": _lines("bed-gothic", 9, _bank_kana),
    "magazine-ja": _magazine,
    "gazette-font": _gazette_by_font,
    "gazette-placed": _gazette_by_character,
    "notice-ja": _lines("bed-proportional", 10, _japanese_line),
    "notice-cid": _lines("HeiseiKakuGo-W5", 10, _japanese_line),
    "both": _lines("bed-gothic", 9, _both),
    "figures-ja": _table("gothic", _figures),
}
