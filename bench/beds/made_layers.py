"""Pages with good layers of kinds that manuals lack, by LibreOffice: dialogue, tables, currencies."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.beds.sources import Source

PAGES = 6
_TIMEOUT_S = 600
_FRENCH = (
    "«\u00a0Où étiez-vous\u00a0?\u00a0» — «\u00a0À l’hôtel… déjà\u00a0!\u00a0» L’élève, naïve, reçut près "
    "de 1\u00a0500\u00a0€ en août\u00a0; ça et là, l’œuvre fut jugée «\u00a0à part\u00a0». N°\u00a04, "
    "§\u00a02, 20\u00a0°C, l’île d’Aix\u00a0: voilà\u00a0! "
)
_GERMAN = (
    "„Größe und Gewicht“, sagte Jürgen – „überprüfen Sie’s!“ Die Straßen\u00adbahn\u00adhaltestelle in "
    "Köln-Mülheim, §\u00a07 Abs.\u00a02 StVO, kostet 1.234,50\u00a0€ (± 5\u00a0%). »Äpfel, Öl, Übermut«, "
    "z.\u00a0B. 12\u00a0m² Fläche; Maße in µm. "
)
_SPANISH = (
    "¿Dónde está el niño? ¡Aquí! La cigüeña voló 3,5 km; el 1.º piso, 20 °C, «más allá» del Miño. Año 2024. "
)
_ENGLISH = (
    "The board’s report — “final” — costs £1,250.00 (±2%), i.e. ¥190,000 or €1,430; see §4, ¶2, "
    "© 2024 Acme™. "
)
_JAPANESE = (
    "令和六年度の予算（案）は、前年度比３．２％増の１，２３４億円です。㈱青葉商事の髙橋様、"
    "①納期、②数量をご確認ください。"
)
_POLISH = (
    "Zażółć gęślą jaźń: 1 234,50 zł, czyli „dużo”. Łódź — Kraków; święto 3 Maja, godz. 12:30, ul. Żwirki 5. "
)


def _table(rows: Callable[[random.Random], tuple[str, ...]]) -> Callable[[random.Random], str]:
    def draw(chosen: random.Random) -> str:
        lines = ("".join(f"<td>{cell}</td>" for cell in rows(chosen)) for _ in range(28))
        return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"

    return draw


def _prose(text: str) -> Callable[[random.Random], str]:
    sentences = text.split(". ") if text.isascii() else [text]
    return lambda chosen: "".join(
        f"<p>{' '.join(chosen.choice(sentences) for _ in range(3))}</p>" for _ in range(5)
    )


def _payslip(chosen: random.Random) -> tuple[str, ...]:
    label = chosen.choice(("Salaire de base", "Congés payés", "Net à payer", "Heures suppl.", "Cotisations"))
    blanks = "\u00a0" * chosen.randrange(3, 12)
    amount = f"{chosen.randrange(10, 3000)},{chosen.randrange(10, 99)}"
    return (f"{label.replace(' ', chr(160))}{blanks}{amount}{blanks}€",)


def _currencies(chosen: random.Random) -> tuple[str, ...]:
    amount = f"{chosen.randrange(1, 10**6):,}"
    return (
        f"€{amount}",
        f"£{amount}",
        f"¥{amount}",
        f"${amount}",
        f"{amount} CHF",
        f"₩{amount}",
        f"¢{amount[:2]}",
    )


def _measures(chosen: random.Random) -> tuple[str, ...]:
    figure = chosen.randrange(1, 900)
    return (
        f"{figure}\u00a0°C ± 0,5",
        f"{figure} µm²",
        f"½ × {figure} m³",
        f"≤ {figure} ‰",
        "✓",
        "–",
        f"Ø {figure}",
    )


def _checks(chosen: random.Random) -> tuple[str, ...]:
    return (chosen.choice("☑☐✓✗●○"), chosen.choice(("Geprüft", "Année", "Évaluation", "Größe")), "……………", "—")


def _codes(chosen: random.Random) -> tuple[str, ...]:
    return (
        f"XK-{chosen.randrange(10**5)}",
        f"HJ{chosen.randrange(99)}-BZ",
        "MWST",
        "1×",
        f"{chosen.random():.4f}",
    )


_KINDS: dict[str, Callable[[random.Random], str]] = {
    "french": _prose(_FRENCH),
    "german": _prose(_GERMAN),
    "spanish": _prose(_SPANISH),
    "english": _prose(_ENGLISH),
    "japanese": _prose(_JAPANESE),
    "polish": _prose(_POLISH),
    "payslip": _table(_payslip),
    "currencies": _table(_currencies),
    "measures": _table(_measures),
    "checks": _table(_checks),
    "codes": _table(_codes),
}


def made_pdfs(folder: Path) -> Iterator[Source]:
    """A PDF of `PAGES` pages for each kind; nothing where LibreOffice is not installed."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    pages = [_write(folder, kind, draw) for kind, draw in _KINDS.items()]
    if not all(page.with_suffix(".pdf").exists() for page in pages):
        command = [
            program,
            "--headless",
            "--convert-to",
            "pdf:writer_web_pdf_Export",
            "--outdir",
            str(folder),
        ]
        subprocess.run([*command, *map(str, pages)], check=True, timeout=_TIMEOUT_S)
    yield from (Source.of("made", page.with_suffix(".pdf")) for page in pages)


def _write(folder: Path, kind: str, draw: Callable[[random.Random], str]) -> Path:
    chosen = random.Random(kind)
    body = "".join(
        f'<div style="page-break-before: {"always" if page else "auto"}">{draw(chosen)}</div>'
        for page in range(PAGES)
    )
    path = folder / f"{kind}.html"
    path.write_text(f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>', encoding="utf-8")
    return path
