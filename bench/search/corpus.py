"""The generated office: its files, and the queries with the files that are wanted of each."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bench.search.drafts import Drafts
from bench.search.literal_sets import (
    compounds,
    literal_words,
    look_alikes,
    phrases,
    questions,
    wrong_characters,
)
from bench.search.office_file import OfficeFile
from bench.search.spelling_sets import (
    english_forms,
    false_friends,
    kanji,
    katakana,
    latin_typos,
    okurigana,
    readings,
)
from bench.search.value_sets import dates, file_names, numbers
from bench.search.wishes import Query, to_queries

SEED = 20_240_531
_FILES = 1_650
# Dates are first: they keep days from all files.
_SETS = (
    *(dates, numbers, literal_words, compounds, phrases, questions, wrong_characters, look_alikes, kanji),
    *(okurigana, katakana, english_forms, latin_typos, file_names, readings, false_friends),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """What both indexes are filled with, and asked."""

    files: tuple[OfficeFile, ...]
    queries: tuple[Query, ...]

    def queries_of(self, set_name: str) -> list[Query]:
        """The queries of one set."""
        return [query for query in self.queries if query.set_name == set_name]


def make_corpus(seed: int = SEED) -> Corpus:
    """The office of a seed, the same at every call."""
    drafts = Drafts(chance=Random(seed))
    wishes = [wish for each in _SETS for wish in each(drafts)]
    drafts.add_ordinary(_FILES - len(drafts.files))
    files = drafts.files
    queries = to_queries(wishes, files, drafts.chance)
    drafts.chance.shuffle(files)
    return Corpus(files=tuple(files), queries=tuple(queries))
