"""Wishes: what is sought in which set; and the queries that are made of them once all files exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.search.office_file import OfficeFile
from bench.search.tables.office_words import COMMON

FALSE_FRIENDS = "false friends"
LEAST_OTHERS = 3
_FORM_FIRST = 0.7
_JAPANESE_CARRIERS = (
    "{x}の件は、今月中に結論を出す。",
    "{x}については別紙を見ること。",
    "本件は{x}に関するものである。",
    "書類の控えに「{x}」とある。",
    "あわせて{x}の状況を確かめた。",
    "別途、{x}について連絡があった。",
)
_ENGLISH_CARRIERS = (
    "The matter of {x} is still open.",
    "This page concerns {x} only.",
    "We discussed {x} at length.",
    "The note mentions {x} twice.",
)


def carrier(text: str, chance: Random, language: str = "jpn") -> str:
    """A sentence with the text in it."""
    carriers = _JAPANESE_CARRIERS if language == "jpn" else _ENGLISH_CARRIERS
    return chance.choice(carriers).format(x=text)


def language_of(text: str) -> str:
    """The language of a file with this text."""
    return "eng" if text.isascii() else "jpn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A form that is typed in `set_name`. Wanted are the files that hold `thing`, or read all of `words`.

    `unless` is a false friend: where only it is read the word is not. `may_add` allows a common word.
    """

    set_name: str
    text: str
    thing: str = ""
    words: tuple[str, ...] = ()
    unless: str = ""
    may_add: bool = True

    def wants(self, file: OfficeFile) -> bool:
        """Whether a person would want this file."""
        if self.thing:
            return self.thing in file.things
        if self.unless:
            return self.text in file.truth.replace(self.unless, "")
        return all(file.reads(word) for word in self.words or (self.text,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What is typed, and the ids of the files that are wanted; `common` is the word that was added."""

    set_name: str
    text: str
    wanted: frozenset[str]
    wish: Wish
    common: str | None = None


Holders = Mapping[str, frozenset[str]]
"""The ids of the files that hold each common word."""


def to_queries(wishes: Sequence[Wish], files: Sequence[OfficeFile], chance: Random) -> list[Query]:
    """The queries: every other one of those that may is typed with a common word."""
    holders = {word: frozenset(file.file_id for file in files if file.holds(word)) for word in COMMON}
    return [
        _query(wish, files, holders, chance if number % 2 and wish.may_add else None)
        for number, wish in enumerate(wishes)
    ]


def _query(wish: Wish, files: Sequence[OfficeFile], holders: Holders, adds: Random | None) -> Query:
    wanted = frozenset(file.file_id for file in files if wish.wants(file))
    common = _common_word(wish, wanted, holders, adds) if adds else None
    if adds is None or common is None:
        return Query(set_name=wish.set_name, text=wish.text, wanted=wanted, wish=wish)
    text = f"{wish.text} {common}" if adds.random() < _FORM_FIRST else f"{common} {wish.text}"
    held = wanted & holders[common]
    return Query(set_name=wish.set_name, text=text, wanted=held, wish=wish, common=common)


def _common_word(wish: Wish, wanted: frozenset[str], holders: Holders, chance: Random) -> str | None:
    """A word that enough of the wanted files hold, and at least three others."""
    least = 2 if wish.set_name == FALSE_FRIENDS else 1
    fitting = [
        word
        for word, ids in holders.items()
        if len(wanted & ids) >= least and len(ids - wanted) >= LEAST_OTHERS
    ]
    return chance.choice(fitting) if fitting else None
