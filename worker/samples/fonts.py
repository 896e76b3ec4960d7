"""Free fonts for the generated documents: IPA for Japanese; Bitstream Vera, from reportlab, for English."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path

import reportlab

from worker.errors import Code, MisconfiguredError

_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local" / "share" / "fonts",
    Path.home() / "Library" / "Fonts",
)


class Font(StrEnum):
    """A typeface; the value is its file name."""

    GOTHIC = "ipag.ttf"
    GOTHIC_P = "ipagp.ttf"
    MINCHO = "ipam.ttf"
    VERA = "Vera.ttf"


@cache
def font_path(font: Font) -> Path:
    """The font's file.

    Raises MisconfiguredError with the command that installs it where it is missing.
    """
    if font is Font.VERA:
        return Path(reportlab.__file__).parent / "fonts" / font.value
    path = find_font(font.value, _FOLDERS)
    if path is None:
        raise MisconfiguredError(
            f"The font {font.value} is missing; the sample documents need it. "
            "Install it: apt-get install fonts-ipafont",
            code=Code.PROGRAM_MISSING,
        )
    return path


def find_font(name: str, folders: tuple[Path, ...]) -> Path | None:
    """The first file of that name in or below the folders."""
    return next((path for folder in folders for path in sorted(folder.rglob(name))), None)
