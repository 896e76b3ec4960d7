"""Sets of what a file has letter by letter, of questions, and of what was mistyped or misread."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bench.search.drafts import Drafts, Order, origin_thing
from bench.search.misspelling import misread, mistype
from bench.search.tables.office_words import JAPANESE
from bench.search.tables.sought_words import (
    LOOK_ALIKES,
    ONE_WRONG,
    PARTS,
    PHRASES,
    PLACES,
    RARE,
    SITES,
    TOPICS,
    WORK,
)
from bench.search.wishes import Wish, carrier, language_of

_SET_SIZE = 40
_PHRASE_NUMBERS = (63, 71, 85, 97)
_QUESTIONS = (
    "{site}の{topic}",
    "{site}の{topic}の{kind}",
    "{topic}についての{site}の{kind}",
    "{site}で{topic}はどうなったか",
    "{site}における{topic}",
)
_SUBJECTS, _ASKED = 100, 34


def literal_words(drafts: Drafts) -> Iterator[Wish]:
    """Rare words as they are."""
    chance = drafts.chance
    for word in RARE:
        language = language_of(word)
        for _ in range(chance.randint(1, 2)):
            drafts.add(Order(lines=(carrier(word, chance, language),), language=language))
        yield Wish(set_name="literal words", text=word)


def compounds(drafts: Drafts) -> Iterator[Wish]:
    """Long compounds, parts of them, and two words that one file holds apart."""
    chance = drafts.chance
    combinations = [(place, part, work) for place in PLACES for part in PARTS for work in WORK]
    asked = chance.sample(combinations, 3 * _SET_SIZE)
    for place, part, work in asked[:_SET_SIZE]:
        _add_line(drafts, f"{place}{part}{work}工事")
        yield Wish(set_name="parts of words", text=chance.choice((f"{part}{work}", f"{place}{part}", part)))
    for place, part, work in asked[_SET_SIZE : 2 * _SET_SIZE]:
        _add_line(drafts, f"{place}{part}{work}")
        # The same words, but apart: no compound.
        _add_line(drafts, place, f"{part}の{work}")
        yield Wish(set_name="compounds", text=f"{place}{part}{work}")
    for place, part, work in asked[2 * _SET_SIZE :]:
        first, second = chance.choice(((place, part), (part, work), (work, place)))
        _add_line(drafts, f"{first}の設備", f"{second}の予定")
        yield Wish(set_name="two words", text=f"{first} {second}", words=(first, second), may_add=False)


def phrases(drafts: Drafts) -> Iterator[Wish]:
    """Phrases in double quotes."""
    for phrase in PHRASES:
        for number in _PHRASE_NUMBERS:
            text, language = phrase.format(n=number), language_of(phrase)
            drafts.add(Order(lines=(carrier(text, drafts.chance, language),), language=language))
            yield Wish(set_name="phrases", text=f'"{text}"', words=(text,))


def questions(drafts: Drafts) -> Iterator[Wish]:
    """Questions without spaces, whose words are held by many files, but only by few together."""
    chance = drafts.chance
    subjects = chance.sample([(site, topic) for site in SITES for topic in TOPICS], _SUBJECTS)
    for number, (site, topic) in enumerate(subjects):
        kind = chance.choice(JAPANESE.kinds)
        thing = f"subject {site} {topic}"
        lines = (f"対象拠点：{site}", f"件名：{topic}")
        drafts.add(Order(lines=lines, things=frozenset({thing}), kind=kind))
        if number < _ASKED:
            question = _QUESTIONS[number % len(_QUESTIONS)].format(site=site, topic=topic, kind=kind)
            yield Wish(set_name="questions without spaces", text=question, thing=thing, may_add=False)
    origins = [(department, kind) for department in JAPANESE.departments for kind in JAPANESE.kinds]
    for department, kind in chance.sample(origins, _SET_SIZE - _ASKED):
        drafts.add(Order(department=department, kind=kind))
        thing = origin_thing(department, kind)
        text = f"{department}の{kind}"
        yield Wish(set_name="questions without spaces", text=text, thing=thing, may_add=False)


def wrong_characters(drafts: Drafts) -> Iterator[Wish]:
    """Words typed with one character wrong."""
    for word in ONE_WRONG:
        thing = f"word {word}"
        drafts.add(Order(lines=(carrier(word, drafts.chance),), things=frozenset({thing})))
        for typed in _two_errors(word, drafts.chance):
            yield Wish(set_name="one character wrong", text=typed, thing=thing)


def look_alikes(drafts: Drafts) -> Iterator[Wish]:
    """Words that OCR misread, typed as they are."""
    chance = drafts.chance
    numbers = [
        f"{chance.choice(('OSL', 'BOI', 'SIO', 'KOB'))}{chance.randint(10_000, 99_999)}" for _ in range(14)
    ]
    for word in (*LOOK_ALIKES, *numbers):
        thing, line = f"word {word}", carrier(word, chance)
        order = Order(
            lines=(line,),
            misread=(line.replace(word, misread(word, chance)),),
            things=frozenset({thing}),
            is_ocr=True,
        )
        drafts.add(order)
        yield Wish(set_name="look-alikes of OCR", text=word, thing=thing)


def _add_line(drafts: Drafts, *texts: str) -> None:
    drafts.add(Order(lines=tuple(carrier(text, drafts.chance) for text in texts)))


def _two_errors(word: str, chance: Random) -> tuple[str, str]:
    first = second = mistype(word, chance)
    while second in (first, word):
        second = mistype(word, chance)
    return first, second
