"""Sets of words that a file has in another spelling or form than the one that is typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from bench.search.drafts import Drafts, Order
from bench.search.tables.english_words import FORMS, TYPOS
from bench.search.tables.people_words import (
    GIVEN_NAMES,
    GIVEN_PAIRS,
    READ_GIVEN_NAMES,
    READ_SURNAMES,
    READ_WORDS,
    SURNAMES,
    WORD_PAIRS,
)
from bench.search.tables.spelling_words import FALSE_FRIENDS as FALSE_FRIEND_WORDS
from bench.search.tables.spelling_words import KATAKANA, OKURIGANA
from bench.search.wishes import FALSE_FRIENDS, Wish, carrier

_SURNAME_FOR_GIVEN = ("村瀬", "梶原")
_TWICE = 4
_TRUE, _FALSE = 4, 7
_TO_KATAKANA = {hiragana: hiragana + 0x60 for hiragana in range(0x3041, 0x3097)}


def kanji(drafts: Drafts) -> Iterator[Wish]:
    """Names and old words: the file has one form of the kanji, another is typed."""
    rows = [
        (tuple(f"{surname}{GIVEN_NAMES[number % len(GIVEN_NAMES)]}" for surname in surnames), surnames)
        for number, surnames in enumerate((*SURNAMES, *SURNAMES[:_TWICE]))
    ]
    for number, names in enumerate(GIVEN_PAIRS):
        surname = _SURNAME_FOR_GIVEN[number % 2]
        rows.append((tuple(surname + name for name in names), (surname,)))
    rows += [(forms, ()) for forms in WORD_PAIRS]
    for number, (forms, surnames) in enumerate(rows):
        wish = _wish("old and new kanji", forms, drafts, turn=number)
        if surnames:
            # Another person of the same name, spelled as typed.
            surname = next(name for name in surnames if wish.text.startswith(name))
            _add_line(drafts, f"{surname}{GIVEN_NAMES[(number + 7) % len(GIVEN_NAMES)]}様")
        yield wish


def okurigana(drafts: Drafts) -> Iterator[Wish]:
    """Words with more or fewer kana than typed."""
    for number, forms in enumerate(OKURIGANA):
        yield _wish("okurigana", forms, drafts, turn=number)


def katakana(drafts: Drafts) -> Iterator[Wish]:
    """Words from abroad in another spelling."""
    for number, forms in enumerate(KATAKANA):
        yield _wish("katakana spellings", forms, drafts, turn=number)


def english_forms(drafts: Drafts) -> Iterator[Wish]:
    """English words in another form."""
    return _english("English forms", FORMS, drafts)


def latin_typos(drafts: Drafts) -> Iterator[Wish]:
    """English words and names with an error of typing."""
    return _english("Latin typos", TYPOS, drafts)


def readings(drafts: Drafts) -> Iterator[Wish]:
    """Names and words in kana."""
    chance = drafts.chance
    rows = [
        (surname + given, f"{reading}{given_reading}")
        for number, (surname, reading) in enumerate(READ_SURNAMES)
        for given, given_reading in (
            READ_GIVEN_NAMES[(number + turn) % len(READ_GIVEN_NAMES)] for turn in (0, 3)
        )
    ]
    for number, (written, reading) in enumerate((*rows[:32], *READ_WORDS)):
        thing = f"word {written}"
        _add_line(drafts, written, thing=thing)
        typed = reading.translate(_TO_KATAKANA) if number % 3 == 0 else reading
        yield Wish(set_name="readings", text=typed, thing=thing)
    for written, _ in chance.sample(rows[32:], 8):
        _add_line(drafts, written)


def false_friends(drafts: Drafts) -> Iterator[Wish]:
    """Words that lie within others by chance; those are longer, more frequent and in more files."""
    for word, friend in FALSE_FRIEND_WORDS:
        kind = drafts.chance.choice(("報告書", "議事録", "手順書"))
        for _ in range(_TRUE):
            drafts.add(Order(lines=(carrier(word, drafts.chance),), kind=kind))
        for _ in range(_FALSE):
            count = drafts.chance.randint(1, 3)
            lines = tuple(carrier(friend, drafts.chance) for _ in range(count))
            drafts.add(Order(lines=lines, kind=kind))
        for _ in range(2):
            yield Wish(set_name=FALSE_FRIENDS, text=word, unless=friend)


def _wish(set_name: str, forms: Sequence[str], drafts: Drafts, *, turn: int) -> Wish:
    """Files with other forms than the one that is typed, which none of them has letter by letter."""
    typed, held = _choose_forms(forms, turn, drafts.chance)
    thing = f"{set_name} {forms[0]} {turn}"
    for form in held:
        _add_line(drafts, form, thing=thing)
    return Wish(set_name=set_name, text=typed, thing=thing)


def _choose_forms(forms: Sequence[str], turn: int, chance: Random) -> tuple[str, list[str]]:
    for typed in (*forms[turn % len(forms) :], *forms):
        others = [form for form in forms if typed not in form]
        if others:
            return typed, chance.sample(others, min(len(others), 2))
    raise ValueError(f"every form of {forms[0]} is a part of the others")


def _english(set_name: str, rows: Sequence[tuple[str, str]], drafts: Drafts) -> Iterator[Wish]:
    for held, typed in rows:
        thing = f"{set_name} {held}"
        _add_line(drafts, held, thing=thing, language="eng")
        yield Wish(set_name=set_name, text=typed, thing=thing)


def _add_line(drafts: Drafts, text: str, *, thing: str | None = None, language: str = "jpn") -> None:
    things = frozenset({thing} if thing else ())
    drafts.add(Order(lines=(carrier(text, drafts.chance, language),), things=things, language=language))
