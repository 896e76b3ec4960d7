"""What was probably meant, by what the best hit has instead."""

from __future__ import annotations

from dataclasses import replace

from worker.index.analysis.folding import fold_text
from worker.index.analysis.snippets import marked_parts
from worker.index.search_index import SearchResult, Tier
from worker.index.search_query import SearchQuery
from worker.index.slips import is_similar

_MOST_EDITS = 2


def with_suggestion(found: SearchResult, query: SearchQuery) -> SearchResult:
    """The result with the query as the best hit writes it, where only a slip kept files from having all."""
    if found.tier is not Tier.NEAR or not found.hits:
        return found
    marked = [text for text, is_match in marked_parts(found.hits[0].snippet) if is_match]
    words = [_as_written(group[0].text, marked) for group in query.required]
    typed = [group[0].text for group in query.required]
    return found if words == typed else replace(found, suggestion=" ".join(words))


def _as_written(typed: str, marked: list[str]) -> str:
    folded = fold_text(typed)
    forms = {fold_text(text): text for text in reversed(marked)}
    if folded in forms:
        return typed
    near = (text for form, text in forms.items() if is_similar(folded, form, _MOST_EDITS))
    return next(near, typed)
