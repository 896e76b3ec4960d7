"""Drafts: writes the files of the office, each with the lines and the things that it is to hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from bench.search.misspelling import add_noise
from bench.search.office_file import OfficeFile
from bench.search.tables.office_words import ENGLISH, JAPANESE, Vocabulary
from bench.search.value_forms import DATE_FORMS

_FIRST_DAY, _DAYS = date(2012, 1, 1), 4_700
_LEAST_BYTES, _MOST_BYTES = 300, 6_000
_PAGE_LINES = 16
_LINE_CHARS = 38
_OCR_SHARE = 0.25
_ENGLISH_SHARE = 0.2
_DATES = {"jpn": ("era", "year", "slashes", "initial", "weekday"), "eng": ("american", "british", "iso")}
_ENDINGS = ("pdf", "docx", "xlsx", "txt")


def day_thing(day: date) -> str:
    """The day as something that a file holds."""
    return f"day {day}"


def origin_thing(department: str, kind: str) -> str:
    """A department's files of a kind, likewise."""
    return f"{kind} of {department}"


def month_thing(day: date) -> str:
    """The month of a day, likewise."""
    return f"month {day:%Y-%m}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What one file must hold: `lines` that OCR reads without error, and `things`.

    `misread` are such lines as OCR had them, where that is not as they were. `is_ocr` None is by chance.
    """

    lines: tuple[str, ...] = ()
    misread: tuple[str, ...] = ()
    things: frozenset[str] = frozenset()
    language: str = "jpn"
    is_ocr: bool | None = None
    path: str | None = None
    department: str | None = None
    kind: str | None = None


@dataclass(kw_only=True)
class Drafts:
    """The files so far. `kept_days` and `kept_months` are those that only ordered lines may name."""

    chance: Random
    kept_days: set[date] = field(default_factory=set)
    kept_months: set[str] = field(default_factory=set)
    files: list[OfficeFile] = field(default_factory=list)

    def add(self, order: Order) -> None:
        """Write one file."""
        chance = self.chance
        words = JAPANESE if order.language == "jpn" else ENGLISH
        kind = order.kind or chance.choice(words.kinds)
        day = self._day()
        is_ocr = order.is_ocr if order.is_ocr is not None else chance.random() < _OCR_SHARE
        department = order.department or chance.choice(words.departments)
        values = {
            "kind": kind,
            "department": department,
            "date": DATE_FORMS[chance.choice(_DATES[order.language])](day),
        }
        headers = [self._fill(line, words, values) for line in words.headers]
        truth = [*headers, *self._body(words, order.lines)]
        misread = dict(zip(order.lines, order.misread, strict=True)) if order.misread else {}
        clean = {*headers, *order.lines}
        read = [misread.get(line) or self._as_read(line, is_ocr and line not in clean) for line in truth]
        path = order.path or self._path(words, kind, is_ocr)
        self.files.append(
            OfficeFile(
                file_id=hashlib.sha256(f"{len(self.files)} {path}".encode()).hexdigest(),
                path=path,
                truth="\n".join(truth),
                pages=tuple(_pages(read, is_wrapped=is_ocr and order.language == "jpn")),
                is_ocr=is_ocr,
                language=order.language,
                things=order.things | {day_thing(day), month_thing(day), origin_thing(department, kind)},
            )
        )

    def add_ordinary(self, count: int) -> None:
        """Write files in which nothing is sought."""
        for _ in range(count):
            language = "eng" if self.chance.random() < _ENGLISH_SHARE else "jpn"
            self.add(Order(language=language))

    def _day(self) -> date:
        while True:
            day = _FIRST_DAY + timedelta(days=self.chance.randrange(_DAYS))
            if day not in self.kept_days and month_thing(day) not in self.kept_months:
                return day

    def _body(self, words: Vocabulary, lines: Sequence[str]) -> list[str]:
        """Ordinary sentences and a table, with the ordered lines among them; most files are short."""
        size = _LEAST_BYTES + (_MOST_BYTES - 2 * _LEAST_BYTES) * self.chance.random() ** 3
        body: list[str] = []
        while sum(len(line.encode()) for line in body) < size:
            body.append(self._fill(self.chance.choice(words.sentences), words, {}))
        if self.chance.random() < 0.3:
            body += [f"{item}\t{self.chance.randint(2, 60)}" for item in self.chance.sample(words.items, 5)]
        for line in lines:
            body.insert(self.chance.randint(0, len(body)), line)
        return body

    def _fill(self, line: str, words: Vocabulary, values: dict[str, str]) -> str:
        chance = self.chance
        ordinary = {
            "department": chance.choice(words.departments),
            "person": chance.choice(words.people),
            "company": chance.choice(words.companies),
            "n": str(chance.randint(2, 60)),
        }
        return line.format(**{**ordinary, **values})

    def _as_read(self, line: str, is_noisy: bool) -> str:
        return add_noise(line, self.chance) if is_noisy else line

    def _path(self, words: Vocabulary, kind: str, is_ocr: bool) -> str:
        chance, number = self.chance, len(self.files)
        folder = f"/{chance.choice(words.departments)}/{chance.choice(words.folders)}"
        if is_ocr:
            return f"{folder}/scan{number:05}.{chance.choice(('pdf', 'tiff', 'jpg'))}"
        end = chance.choice(
            ("", "_v2", "_最終", "(1)") if words is JAPANESE else ("", "_v2", "_final", " copy")
        )
        return f"{folder}/{kind}_{number:04}{end}.{chance.choice(_ENDINGS)}"


def _pages(lines: Sequence[str], *, is_wrapped: bool) -> Iterator[str]:
    for start in range(0, len(lines), _PAGE_LINES):
        page = lines[start : start + _PAGE_LINES]
        yield "\n".join(_wrap(line) if is_wrapped else line for line in page)


def _wrap(line: str) -> str:
    """The line as it is set on paper: words of Japanese go on in the next one."""
    return "\n".join(line[start : start + _LINE_CHARS] for start in range(0, len(line), _LINE_CHARS))
