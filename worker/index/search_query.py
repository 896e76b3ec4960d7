"""What a person types into the search: words, phrases, exclusions, alternatives and filters.

`契約 -更新 type:pdf` asks for PDF files with 契約 and without 更新. What is not understood is said in
`SearchQuery.notes` and never searched as a word.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice, product

from worker.index.analysis.folding import fold as fold_with_map
from worker.index.analysis.values.entities import entities
from worker.index.query import Term, cut_repeats, fold, make_term, normalise
from worker.index.query_filters import EXCLUSIONS, FILTERS, NO_FILTERS, Filters

MAX_QUERY_CHARS = 1_000
"""Beyond these a query is cut, and a note says so."""
MAX_TERMS = 32
_MAX_REPEATS = 8
"""So often a word or a pair of characters may occur in a query; beyond it is cut, and a note says so."""
_MAX_NOTES = 5
_SHOWN_CHARS = 40
_MAX_NAMES = 8

_CURLY_QUOTES = str.maketrans("“”„", '"""')
_BLANKS = str.maketrans({"、": " ", "，": " ", "､": " "})
_TOKEN = re.compile(
    r'(?P<minus>-?)(?:(?P<filter>[A-Za-z]{2,}):(?!//|[\s"]*$|\s))?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))'
)
_OR, _AND, _NOT = "OR", "AND", "NOT"
_CAPITALS = re.compile("[A-Z]{2,}")
_JOINED_BLANKS = " \u3000"
_MARK = "\uf8ff"
"""A private character, for a blank within a value; where a query has it, it is a blank."""
_NAMED = re.compile(r"(?<![^\s-])(" + "|".join(FILTERS) + r"):[ \u3000]+(?=\S)", re.IGNORECASE)
"""A filter with white space before its value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TermPlace:
    """A word that is looked for, and where it stands in the text of its query."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchQuery:
    """A parsed query: each group of `required` must be met by one of its terms, none of `excluded` may be.

    `text` is the query as it was read, `places` those of its words that may be mistyped.
    """

    required: tuple[tuple[Term, ...], ...] = ()
    excluded: tuple[Term, ...] = ()
    filters: Filters = NO_FILTERS
    without: Filters = NO_FILTERS
    notes: tuple[str, ...] = ()
    text: str = ""
    places: tuple[TermPlace, ...] = ()

    @property
    def whole_names(self) -> tuple[str, ...]:
        """The names of files, folded and without an extension, that are what is asked for as a whole."""
        choices = product(*([term.text for term in group] for group in self.required))
        return tuple(fold(" ".join(words)) for words in islice(choices, _MAX_NAMES)) if self.required else ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for: exclusions alone find nothing."""
        return not self.required and self.filters == NO_FILTERS


def parse_query(query: str) -> SearchQuery:
    """What is asked for; there are no syntax errors, and without a word or filter nothing is.

    White space, 、 and AND separate words, double quotes keep a phrase together, - or NOT before a word
    excludes it, OR between two words takes either, and `type:` `path:` `lang:` `state:` `page:` `after:`
    `before:` `from:` `to:` `subject:` filter. Other symbols only separate.
    """
    reader = _Reader()
    text = normalise(query[:MAX_QUERY_CHARS]).translate(_CURLY_QUOTES)
    if len(query) > MAX_QUERY_CHARS:
        reader.note(f"The query was cut after {MAX_QUERY_CHARS:,} characters.")
    prepared = _NAMED.sub(r"\1:", _blank_commas(_join_values(text)))
    for match in _TOKEN.finditer(prepared):
        reader.read(match)
    return replace(reader.finish(), text=prepared.replace(_MARK, " "))


class _Reader:
    """Takes the tokens of a query one by one."""

    def __init__(self) -> None:
        self._required: list[list[Term]] = []
        self._excluded: list[Term] = []
        self._filters, self._without = Filters(), Filters()
        self._notes: list[str] = []
        self._after_or = False
        self._after_not = False
        self._last = ""
        self._has_read = False
        self._places: list[TermPlace] = []
        self._words = 0
        self._counts: Counter[str] = Counter()

    def note(self, text: str) -> None:
        """Say what was not understood."""
        if text not in self._notes:
            self._notes.append(text)

    def read(self, match: re.Match[str]) -> None:
        """One token: a filter, OR, a word or a phrase."""
        self._has_read = True
        word = match["plain"] if not (match["minus"] or match["filter"]) else None
        if word in (_AND, _NOT):
            self._after_not = word == _NOT
            return
        is_excluded, name = bool(match["minus"]) or self._excludes(word), (match["filter"] or "").lower()
        self._last, self._after_not = word or "", False
        value = (match["quoted"] if match["quoted"] is not None else match["plain"]).replace(_MARK, " ")
        if name:
            self._read_filter(name, value, is_excluded=is_excluded)
        elif match["plain"] == _OR and not is_excluded:
            self._read_or()
        else:
            is_quoted = match["quoted"] is not None
            term = self._read_term(value, is_excluded=is_excluded, is_quoted=is_quoted)
            if term is not None and not (is_quoted or is_excluded) and term.text == value:
                self._places.append(TermPlace(term=term, start=match.start("plain"), end=match.end("plain")))

    def finish(self) -> SearchQuery:
        """What was asked for."""
        if self._after_or:
            self.note("OR needs a word on both sides.")
        if self._after_not:
            self.note("NOT needs a word after it.")
        query = SearchQuery(
            required=tuple(tuple(group) for group in self._required),
            excluded=tuple(self._excluded),
            filters=self._filters,
            without=self._without,
            places=tuple(self._places),
        )
        if query.is_empty and (query.excluded or query.without != NO_FILTERS):
            self.note("Nothing is looked for: exclusions need a word or a filter beside them.")
        elif query.is_empty and self._has_read and not self._notes:
            self.note("Nothing is looked for: there is no word in the query.")
        return replace(query, notes=tuple(self._notes[:_MAX_NOTES]))

    def _excludes(self, word: str | None) -> bool:
        """Whether NOT before a word excludes it; in DO NOT ENTER all is a text in capitals."""
        in_capitals = _CAPITALS.fullmatch(self._last) and word and _CAPITALS.fullmatch(word)
        return self._after_not and not in_capitals

    def _read_or(self) -> None:
        if not self._required or self._after_or:
            self.note("OR needs a word on both sides.")
        self._after_or = bool(self._required)

    def _read_term(self, text: str, *, is_excluded: bool, is_quoted: bool) -> Term | None:
        """The term, None where nothing is looked for or left out by it."""
        shortened = cut_repeats(text, self._counts, _MAX_REPEATS)
        if shortened != text:
            self.note("The query was cut where it repeats itself.")
        term = make_term(shortened, is_quoted=is_quoted)
        if term is None:
            return None
        if self._words >= MAX_TERMS:
            self.note(f"Only the first {MAX_TERMS} words are used.")
            return None
        self._words += 1
        if is_excluded:
            self._excluded.append(term)
        elif self._after_or:
            self._required[-1].append(term)
        else:
            self._require(term)
        self._after_or = False
        return term

    def _require(self, term: Term) -> None:
        """Of a word that is there twice, the one in quotes asks for more."""
        for group in self._required:
            if len(group) == 1 and fold(group[0].text) == fold(term.text):
                group[0] = term if term.is_quoted else group[0]
                return
        self._required.append([term])

    def _read_filter(self, name: str, value: str, *, is_excluded: bool) -> None:
        read = (EXCLUSIONS if is_excluded else FILTERS).get(name)
        if read is None:
            known = ", ".join(f"{known}:" for known in FILTERS)
            self.note(
                f'"{name}:" is no filter ({known} are); put it in double quotes to search for its text.'
            )
            return
        before = self._without if is_excluded else self._filters
        try:
            after = read(before, value)
        except ValueError as error:
            sign = "-" if is_excluded else ""
            self.note(f"{sign}{name}:{value[:_SHOWN_CHARS]} is not understood: {error}.")
            return
        if is_excluded:
            self._without = after
        else:
            self._filters = after


def _join_values(text: str) -> str:
    """The text with a mark instead of the blanks within dates, numbers and codes: 25 August 2023."""
    folded = fold_with_map(text)
    characters = list(text)
    for entity in entities(folded.text):
        start, end = folded.original(entity.start, entity.end)
        for place in range(start, end):
            if characters[place] in _JOINED_BLANKS:
                characters[place] = _MARK
    return "".join(characters)


def _blank_commas(text: str) -> str:
    """The text with the Japanese comma as a blank where it is not in quotes."""
    pieces = text.split('"')
    return '"'.join(piece if number % 2 else piece.translate(_BLANKS) for number, piece in enumerate(pieces))
