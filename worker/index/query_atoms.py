"""The words, values and stems that a term of a query consists of.

営業部の報告書 is 営業部 and 報告書; 2024年5月の報告 is the month and 報告. Without a dictionary a word ends
where the script changes, and hiragana between words is grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from worker.index.analysis.characters import CJK, WORD_CHARACTER
from worker.index.analysis.folding import standardise
from worker.index.analysis.stems import STOP_WORDS, WORD, stem
from worker.index.analysis.streams import Tokens
from worker.index.analysis.values.entities import query_entities
from worker.index.analysis.words import words

_KATAKANA = "\u30a1-\u30ff\u31f0-\u31ff"
_ONE_SCRIPT = re.compile(
    rf"[\u3041-\u309f]+|[{_KATAKANA}]+|(?:(?![\u3041-\u309f{_KATAKANA}])[{CJK}])+|(?:{WORD_CHARACTER})+"
)
_HIRAGANA = re.compile("[\u3041-\u309f]+")
_GRAMMAR = re.compile("[\u3041-\u309f誰何]+")
_IN_CJK = re.compile(f"[{CJK}]")
_LEFT = re.compile(rf"[{CJK}]+|(?:{WORD_CHARACTER})+")


# A question has them, the answer hardly ever; and 田中さん is written 田中 in a table.
_ASKING = frozenset({"どう", "何故", "幾ら", "どの位", "何時", "さん", "様", "氏", "殿"})
# At its end only: 品質の良い製品 asks for 良い, どうすればいい does not.
_REQUESTS = frozenset({"良い", "教える", "知る", "分かる", "欲しい", "探す", "見せる", "貰える", "つく"})


class Kind(StrEnum):
    """What an atom is, which is where its tokens are looked for."""

    WORD = "parts"
    VALUE = "entities"
    STEM = "stems"
    RUN = "pairs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Atom:
    """One of them, from `start` to `end` of the standardised term.

    A word has its usual `form`, and as tokens those of its parts in sequence; of a value one token is wanted.
    A run is a piece of one script that nobody knows as a word, and has none.
    """

    start: int
    end: int
    text: str
    kind: Kind
    tokens: Tokens = ()
    form: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Atoms:
    """The atoms of a term in its order.

    `is_complete` says that nothing else is in it that means something, `is_loose` that grammar stands
    between them: then they may be anywhere on a page, otherwise they follow each other.
    """

    found: tuple[Atom, ...]
    is_complete: bool
    is_loose: bool


def atoms(text: str, *, has_words: bool) -> Atoms:
    """The atoms of a term as it was typed; `has_words` says whether the index knows Japanese words."""
    standard = standardise(text)
    found: list[Atom] = []
    for candidates in (_values(standard), _words(standard) if has_words else (), _stems(standard)):
        found += [atom for atom in candidates if not _overlaps(atom, found)]
    rest = _without(standard, found)
    if not has_words:
        found += _runs(rest)
        rest = _without(standard, found)
    found.sort(key=lambda atom: atom.start)
    meant = _without_question(found)
    left = [match[0] for match in _LEFT.finditer(rest) if match[0] not in STOP_WORDS]
    return Atoms(
        found=tuple(meant),
        is_complete=bool(found) and all(_GRAMMAR.fullmatch(piece) for piece in left),
        is_loose=len(meant) < len(found)
        or any(_is_grammar(atom, after, rest) for atom, after in pairwise(found)),
    )


def _without_question(found: list[Atom]) -> list[Atom]:
    """The atoms without those that only ask, unless there are no others."""
    meant = [atom for atom in found if atom.form not in _ASKING]
    while meant and meant[-1].form in _REQUESTS:
        meant.pop()
    return meant or found


def _is_grammar(atom: Atom, after: Atom, rest: str) -> bool:
    return bool(_LEFT.search(rest, atom.end, after.start))


def _values(standard: str) -> Iterator[Atom]:
    """What may be read in several ways, as 20240531 may, is one atom with the tokens of all."""
    last: Atom | None = None
    for entity in sorted(query_entities(standard), key=lambda entity: (entity.start, -entity.end)):
        tokens = entity.wanted
        if last and entity.start < last.end:
            if (entity.start, entity.end) != (last.start, last.end):
                continue  # the number within a code
            tokens = tuple(dict.fromkeys((*last.tokens, *tokens)))
        elif last:
            yield last
        text = standard[entity.start : entity.end]
        last = Atom(start=entity.start, end=entity.end, text=text, kind=Kind.VALUE, tokens=tokens)
    if last:
        yield last


def _words(standard: str) -> Iterator[Atom]:
    for word in words(standard):
        surface = standard[word.start : word.end]
        if _IN_CJK.search(surface):
            yield Atom(
                start=word.start,
                end=word.end,
                text=surface,
                kind=Kind.WORD,
                tokens=word.parts,
                form=word.form,
            )


def _stems(standard: str) -> Iterator[Atom]:
    for match in WORD.finditer(standard):
        if match[0] not in STOP_WORDS:
            start, end = match.span()
            yield Atom(start=start, end=end, text=match[0], kind=Kind.STEM, tokens=(stem(match[0]),))


def _runs(rest: str) -> list[Atom]:
    """A single character is no word, and hiragana alone is grammar."""
    pieces = [match for match in _ONE_SCRIPT.finditer(rest) if len(match[0]) > 1]
    return [
        Atom(start=match.start(), end=match.end(), text=match[0], kind=Kind.RUN)
        for match in pieces
        if not _HIRAGANA.fullmatch(match[0])
    ]


def _overlaps(atom: Atom, others: Iterable[Atom]) -> bool:
    return any(atom.start < other.end and other.start < atom.end for other in others)


def _without(text: str, found: Iterable[Atom]) -> str:
    for atom in found:
        text = text[: atom.start] + "\n" * (atom.end - atom.start) + text[atom.end :]
    return text
