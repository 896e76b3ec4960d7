"""Terms of queries, and the forms of names and paths, shared by both indexes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from worker.index.analysis.characters import CJK, WORD_CHARACTER, replace_surrogates
from worker.index.analysis.folding import fold_text
from worker.index.analysis.pairs import pieces

_PIECES = re.compile(rf"(?P<run>[{CJK}](?:\s*[{CJK}])*)|(?:{WORD_CHARACTER})+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
"""Soft hyphens, joiners and variation selectors, which would split a word in two."""

_AT_ONCE_CHARS = 250_000
_BREAK = re.compile("[\n ]")


def normalise(text: str) -> str:
    """The form in which text is displayed: NFKC without invisible characters, case preserved."""
    # Of 20 million characters at once it takes two seconds, in which no other thread runs.
    parts = _in_parts(replace_surrogates(text))
    return "".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", part)) for part in parts)


def _in_parts(text: str) -> Iterator[str]:
    """Each but the first begins with white space, which nothing before it is composed with."""
    start = 0
    while len(text) - start > _AT_ONCE_CHARS:
        match = _BREAK.search(text, start + _AT_ONCE_CHARS)
        end = match.start() if match else len(text)
        yield text[start:end]
        start = end
    yield text[start:]


def fold(text: str) -> str:
    """The form in which text is compared: normalised and case-folded."""
    return normalise(text).casefold()


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase of a query, normalised; `is_quoted` where it must be found as it is written."""

    text: str
    is_quoted: bool = False


def make_term(text: str, *, is_quoted: bool = False) -> Term | None:
    """The term of a word or phrase in the form of `normalise`; None where it has no word character."""
    return Term(text=text, is_quoted=is_quoted) if any(pieces(fold_text(text))) else None


def cut_repeats(text: str, counts: Counter[str], most: int) -> str:
    """The beginning of a text in which no word or pair of characters occurs more than `most` times.

    `counts` are those of the query so far. A page of one character has each place of a phrase at each place
    of its own: only what repeats makes a search cost more than the page is long.
    """
    for match in _PIECES.finditer(text):
        places = [match.start() + place for place, each in enumerate(match[0]) if not each.isspace()]
        pairs = [text[one] + text[two] for one, two in pairwise(places)]
        found = [*zip(pairs, places[1:], strict=True)] if match["run"] else [(match[0].casefold(), places[0])]
        for term, place in found:
            counts[term] += 1
            if counts[term] > most:
                return text[:place]
    return text


def label(file_name: str, file_path: str) -> str:
    """A file's path and name as one text: the path, and the name where the path does not end with it."""
    return file_path if file_path.endswith(file_name) else f"{file_path} | {file_name}"


def rank(same: bool, folded_name: str, folded_path: str, path: str) -> int | None:
    """How well a file matches a folded path; lower is better, None is no match.

    0 for the same file (`same`, or an equal path), 1 where its path ends with `path`, 2 where `path` ends
    with its path.
    """
    if same or folded_path == path:
        return 0
    if folded_name == path or folded_path.endswith(f"/{path}"):
        return 1
    return 2 if path.endswith(f"/{folded_path}") else None


def fold_path(path: str) -> str:
    """The form in which paths are compared: folded, with backslashes of Windows shares as slashes."""
    return fold(path.replace("\\", "/"))
