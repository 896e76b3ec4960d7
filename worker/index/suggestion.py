"""What was probably meant, by what the best hit has instead."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

from worker.index.analysis.characters import CJK
from worker.index.analysis.folding import fold_text
from worker.index.analysis.slips import is_similar
from worker.index.analysis.snippets import marked_parts
from worker.index.analysis.stems import stem
from worker.index.query import Term, label
from worker.index.search_index import SearchResult, Tier
from worker.index.search_query import SearchQuery

_LONG_WORD = 8
_LEAST_STRANGE = 7
"""A shorter word that is nowhere is one character from too many others (costs, casts)."""
_MOST_STRANGE = 5
_IN_CJK = re.compile(f"[{CJK}]")
_APART = re.compile(r'[\s":]')
"""What a query would not read as a part of a word."""


def strange_words(found: SearchResult, query: SearchQuery) -> tuple[Term, ...]:
    """The English words of a query that no hit has as they were typed, only in another form.

    Such a word may be mistyped: convertion has the stem of convert, and finds none of the conversions.
    """
    if found.tier is not Tier.ALL or not found.hits:
        return ()
    words = (place.term for place in query.places if _may_be_strange(place.term.text))
    shown = [
        fold_text(
            " ".join((label(hit.file_name, hit.file_path), *(text for text, _ in marked_parts(hit.snippet))))
        )
        for hit in found.hits
    ]
    strange = (word for word in words if not any(fold_text(word.text) in text for text in shown))
    return tuple(islice(strange, _MOST_STRANGE))


def with_suggestion(found: SearchResult, query: SearchQuery) -> SearchResult:
    """The result with the query as the best hit writes it, where only a slip kept files from having all.

    Only the mistyped words are replaced: quotes, exclusions, alternatives and filters stay.
    """
    if found.tier is not Tier.NEAR or not found.hits:
        return found
    marked = [text for text, is_match in marked_parts(found.hits[0].snippet) if is_match]
    meant = query.text
    for place in reversed(query.places):
        written = _as_written(place.term.text, marked)
        meant = meant[: place.start] + written + meant[place.end :]
    return found if meant == query.text else replace(found, suggestion=" ".join(meant.split()))


def _as_written(typed: str, marked: list[str]) -> str:
    folded = fold_text(typed)
    forms = {fold_text(text): text for text in reversed(marked) if not _APART.search(text)}
    if folded in forms:
        return typed
    most = 2 if len(folded) >= _LONG_WORD else 1
    # Another form of the same word is found in the first place.
    others = {form: text for form, text in forms.items() if stem(form) != stem(folded)}
    near = (text for form, text in others.items() if not _is_piece(form, folded))
    return next((text for text in near if is_similar(folded, fold_text(text), most)), typed)


def _is_piece(form: str, typed: str) -> bool:
    """Whether a match is only what was left of a run beside its slip; a word is matched as a whole."""
    return bool(_IN_CJK.search(form)) and form in typed


def _may_be_strange(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) >= _LEAST_STRANGE
