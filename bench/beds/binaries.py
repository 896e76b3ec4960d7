"""Binary files and short texts of the machine, against each other: row `binaries`.

`python -m bench.beds.binaries` writes the list anew. Absent or changed files are counted and left out.
"""

from __future__ import annotations

import gzip
import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.figure import Figure
from worker.errors import RejectedError
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType

LIST = Path(__file__).with_name("binaries.tsv")
_HEAD_BYTES = 65_536
_COUNT = 300
_LENGTHS = (0, 0, 6, 8, 12, 16, 24, 32, 64, 100, 200, 300, 604)
_TEXT_LENGTHS = (20, 30, 40, 60, 100, 200, 400)
_BINARIES = (
    "/usr/lib/x86_64-linux-gnu/gconv/*.so",
    "/usr/lib/python3*/*/__pycache__/*.pyc",
    "/usr/share/locale/*/LC_MESSAGES/*.mo",
    "/usr/share/fonts/truetype/*/*.ttf",
    "/usr/lib/libreoffice/share/gallery/*.[st][dh]*",
    "/usr/lib/libreoffice/share/gallery/sounds/*.wav",
    "/usr/local/go/src/debug/*/testdata/*-exec*",
    "/usr/lib/x86_64-linux-gnu/*.[ao]",
    "/usr/share/color/icc/*/*.icc",
    "/usr/share/zoneinfo/*/*",
    "/lib/terminfo/*/*",
    "/usr/share/man/man1/*.gz",
    "/usr/share/tesseract-ocr/*/tessdata/*.traineddata",
)
_LATIN_2, _CYRILLIC = ("utf-8", "iso8859_2", "cp1250", "utf-16"), ("utf-8", "koi8_r", "cp1251", "utf-16")
_ENCODINGS = {
    "ja": ("utf-8", "utf-16", "utf-16-le", "cp932", "euc_jp", "iso2022_jp"),
    **dict.fromkeys(("de", "fr", "sv", "pt", "it", "es", "nl", "da"), ("utf-8", "cp1252", "utf-16")),
    **dict.fromkeys(("pl", "hu", "cs"), _LATIN_2),
    **dict.fromkeys(("ru", "uk"), _CYRILLIC),
    "ko": ("utf-8", "euc_kr", "utf-16"),
    "zh_CN": ("utf-8", "gb18030", "utf-16"),
    "zh_TW": ("utf-8", "big5", "utf-16"),
}
_DAMAGES = ("whole", "whole", "cr", "stray", "cut", "mark")
_TEXTS = frozenset({"txt", "csv", "tsv", "md", "log", "json", "html", "xml"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A line of the list: a file, and what is made of it. Without an encoding it is binary."""

    path: str
    sha256: str
    length: int
    encoding: str
    damage: str

    def data(self) -> bytes | None:
        """The bytes to detect; None where the machine has no such file."""
        try:
            source = Path(self.path).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(source).hexdigest() != self.sha256:
            return None
        if not self.encoding:
            return source[: self.length or _HEAD_BYTES]
        return _note(gzip.decompress(source).decode(), self)


def binaries(home: Path) -> list[Figure]:
    """Binaries that are detected as text and texts that are not, on both halves of the bed."""
    wrong = {"even": [0, 0], "odd": [0, 0]}
    counts = {"even": [0, 0], "odd": [0, 0]}
    absent = 0
    for sample in _read_list():
        data = sample.data()
        if data is None:
            absent += 1
            continue
        half = ("even", "odd")[hashlib.sha256(data).digest()[0] % 2]
        is_text = _detect(home / "file", data) in _TEXTS
        counts[half][bool(sample.encoding)] += 1
        wrong[half][bool(sample.encoding)] += is_text != bool(sample.encoding)
    return [
        Figure(
            what=f"text or not, {half} half ({absent} files of the list absent)",
            figure=f"{wrong[half][0]} of {counts[half][0]} binaries, "
            f"{wrong[half][1]} of {counts[half][1]} texts wrong",
            must="0" if half == "odd" else "thresholds are set on it",
            met=not sum(wrong[half]) if half == "odd" else None,
        )
        for half in ("even", "odd")
    ]


def _detect(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    try:
        return detect_file_type(path).value
    except RejectedError:
        return FileType.UNSUPPORTED.value


def _note(text: str, sample: Sample) -> bytes:
    """A few lines of a manual page from its middle, in the encoding and with the damage of the sample."""
    lines = [re.sub(r"\\f[BIRP]|\\.", "", line) for line in text.splitlines() if line[:1] not in ".'"]
    foreign = [number for number, line in enumerate(lines) if not line.isascii()]
    if not foreign:
        return b""
    start = foreign[len(foreign) // 2]
    end = "\r\n" if sample.damage == "cr" else "\n"
    text = end.join(lines[start : start + 8])
    while len(text.encode(sample.encoding, "ignore")) > sample.length:
        text = text[:-1]
    data = text.encode(sample.encoding, "ignore")
    if sample.damage == "cut":
        return data[:-1]
    if sample.encoding == "utf-8" and sample.damage == "stray":
        return data[: len(data) // 2] + b"\xff\xfe" + data[len(data) // 2 :]
    return b"\xef\xbb\xbf" + data if sample.encoding == "utf-8" and sample.damage == "mark" else data


def _read_list() -> Iterator[Sample]:
    for line in LIST.read_text().splitlines():
        path, sha256, length, encoding, damage = line.split("\t")
        yield Sample(path=path, sha256=sha256, length=int(length), encoding=encoding, damage=damage)


def _choose(rnd: random.Random) -> Iterator[Sample]:
    for index in range(3 * _COUNT):
        paths = _paths(_BINARIES[index % len(_BINARIES)])
        if paths:
            yield _sample(rnd.choice(paths), rnd.choice(_LENGTHS), "", "whole")
    for _ in range(3 * _COUNT):
        language = rnd.choice([*_ENCODINGS, "ja", "ja"])
        paths = _paths(f"/usr/share/man/{language}/man*/*.gz")
        if paths:
            encoding, damage = rnd.choice(_ENCODINGS[language]), rnd.choice(_DAMAGES)
            yield _sample(rnd.choice(paths), rnd.choice(_TEXT_LENGTHS), encoding, damage)


@cache
def _paths(pattern: str) -> list[str]:
    return sorted(str(path) for path in Path("/").glob(pattern.lstrip("/")) if path.is_file())[:_COUNT]


def _sample(path: str, length: int, encoding: str, damage: str) -> Sample:
    sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Sample(path=path, sha256=sha256, length=length, encoding=encoding, damage=damage)


def write_list() -> None:
    """Choose the files anew, so many of each; starts of files that are printable ASCII alone are left out."""
    chosen: dict[bytes, Sample] = {}
    counts = [0, 0]
    for sample in _choose(random.Random(15)):
        is_text = bool(sample.encoding)
        data = sample.data() if counts[is_text] < _COUNT else None
        if data and len(data) >= 6 and data not in chosen and (not data.isascii() or b"\0" in data):
            chosen[data] = sample
            counts[is_text] += 1
    rows = (
        f"{one.path}\t{one.sha256}\t{one.length}\t{one.encoding}\t{one.damage}" for one in chosen.values()
    )
    LIST.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    write_list()
