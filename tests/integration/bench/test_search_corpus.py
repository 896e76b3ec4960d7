"""The generated office: wanted is what a person would want, and nothing else is."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from bench.search.accuracy import TARGETS
from bench.search.corpus import Corpus, make_corpus
from bench.search.misspelling import add_noise, misread, mistype
from bench.search.office_file import OfficeFile
from bench.search.tables.people_words import READ_SURNAMES
from bench.search.tables.sought_words import LOOK_ALIKES, ONE_WRONG
from bench.search.tables.spelling_words import KATAKANA, OKURIGANA
from bench.search.wishes import FALSE_FRIENDS, LEAST_OTHERS, Query

pytestmark = pytest.mark.integration

LITERAL = {
    "literal words",
    "parts of words",
    "compounds",
    "phrases",
    "two words",
    "file names",
    FALSE_FRIENDS,
}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return make_corpus()


@pytest.fixture(scope="module")
def files(corpus: Corpus) -> dict[str, OfficeFile]:
    return {file.file_id: file for file in corpus.files}


def has(text: str, word: str) -> bool:
    """Whether the word is there letter by letter: a Latin one not as the beginning of another."""
    return re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text, re.I) is not None


def others(query: Query, corpus: Corpus) -> list[OfficeFile]:
    return [file for file in corpus.files if not query.wish.wants(file)]


def test_there_are_enough_files_and_queries(corpus: Corpus, files: dict[str, OfficeFile]) -> None:
    assert len(files) >= 1_500
    counts = Counter(query.set_name for query in corpus.queries)
    assert set(counts) == {target.set_name for target in TARGETS}
    assert min(counts.values()) >= 40


def test_files_are_of_every_length_and_some_are_scans(corpus: Corpus) -> None:
    sizes = [len(file.truth.encode()) for file in corpus.files]
    assert 300 <= min(sizes) < 500
    assert 5_000 < max(sizes) < 8_000
    assert sum(len(file.pages) > 1 for file in corpus.files) > 500
    assert 300 < sum(file.is_ocr for file in corpus.files) < 700
    assert sum(file.language == "eng" for file in corpus.files) > 200


def test_the_same_seed_makes_the_same_office_and_another_one_does_not(corpus: Corpus) -> None:
    again, other = make_corpus(), make_corpus(seed=1)
    assert again == corpus
    assert [query.text for query in other.queries] != [query.text for query in corpus.queries]


def test_something_is_wanted_and_common_words_do_not_identify_it(corpus: Corpus) -> None:
    for query in corpus.queries:
        least = 2 if query.set_name == FALSE_FRIENDS else 1
        assert len(query.wanted) >= least, query.text
        if query.common:
            holders = {file.file_id for file in corpus.files if file.holds(query.common)}
            assert query.wanted <= holders
            assert len(holders - query.wanted) >= LEAST_OTHERS, query.text
    assert sum(query.common is not None for query in corpus.queries) > len(corpus.queries) / 3


def test_who_matches_letters_alone_finds_nothing_in_the_sets_of_other_forms(
    corpus: Corpus, files: dict[str, OfficeFile]
) -> None:
    typed = [query for query in corpus.queries if query.set_name not in LITERAL]
    given = [
        query.text
        for query in typed
        if any(has(page, query.wish.text) for file_id in query.wanted for page in files[file_id].pages)
    ]
    assert given == []


def test_no_other_file_has_what_is_typed(corpus: Corpus) -> None:
    strays = [
        (query.wish.text, file.path)
        for query in corpus.queries
        if query.set_name not in LITERAL
        for file in others(query, corpus)
        if file.reads(query.wish.text)
    ]
    assert strays == []


def test_no_other_file_has_another_spelling_of_what_is_typed(corpus: Corpus) -> None:
    rows = (*OKURIGANA, *KATAKANA)
    strays = []
    for query in corpus.queries_of("okurigana") + corpus.queries_of("katakana spellings"):
        forms = next(row for row in rows if query.wish.text in row)
        found = [file for file in others(query, corpus) if any(file.reads(form) for form in forms)]
        strays += [(query.wish.text, file.path) for file in found]
    assert strays == []


def test_a_false_friend_is_in_more_files_than_the_word(corpus: Corpus) -> None:
    for query in corpus.queries_of(FALSE_FRIENDS):
        wanted = [file for file in corpus.files if query.wish.wants(file)]
        friends = [file for file in others(query, corpus) if file.reads(query.wish.unless)]
        assert len(friends) > len(wanted) > 1, query.text


def test_pages_of_ocr_are_misread_where_that_is_what_is_sought(
    corpus: Corpus, files: dict[str, OfficeFile]
) -> None:
    for query in corpus.queries_of("look-alikes of OCR"):
        (file,) = (files[file_id] for file_id in query.wanted)
        assert file.is_ocr
        assert file.reads(query.wish.text), "a person reads it"
        assert not file.holds(query.wish.text), "OCR did not"


def test_errors_change_one_character_or_two() -> None:
    chance = Random(1)
    for word in ONE_WRONG:
        wrong = mistype(word, chance)
        assert wrong != word
        assert abs(len(wrong) - len(word)) <= 1
    for word in LOOK_ALIKES:
        read = misread(word, chance)
        assert len(read) == len(word)
        assert 1 <= sum(one != other for one, other in zip(read, word, strict=True)) <= 2
    line = "工場の日報を入力する。" * 200
    changed = sum(one != other for one, other in zip(add_noise(line, chance), line, strict=True))
    assert 0 < changed < len(line) / 50


def test_kana_are_typed_for_names_that_files_have_in_kanji(corpus: Corpus) -> None:
    texts = {query.wish.text for query in corpus.queries_of("readings")}
    assert any(text.startswith(READ_SURNAMES[1][1]) for text in texts)
    assert any(ord(text[0]) >= 0x30A1 for text in texts), "some of them in katakana"
