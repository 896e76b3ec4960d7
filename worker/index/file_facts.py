"""What both indexes know of a file beside its text: copies, folders, who may see it, and what is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from worker.models.document import Document

FACETS = ("type", "year", "folder", "state", "language")
"""What the files of an answer are counted by, in the order of `count_facets`."""
MAX_FACET_VALUES = 20
MAX_COPIES = 20
"""How many of a file's other places a hit names."""

Groups = Collection[str] | None
"""Whose files are searched: None for all of them."""

_COPY_KEY_CHARS = 32  # 128 bits of the hash
_SEPARATORS = re.compile(r"[/\\]+")


def copy_key(document: Document) -> str:
    """Equal for files of equal content; one whose content was never read is a copy of nothing."""
    return (document.content_hash or document.file_id)[:_COPY_KEY_CHARS]


def top_folder(file_path: str) -> str:
    """The first folder of a path, "" for a file in none."""
    parts = _SEPARATORS.split(file_path.strip("/\\"))
    return parts[0] if len(parts) > 1 else ""


def may_see(allowed_groups: Collection[str], groups: Groups) -> bool:
    """Whether one of these groups may see a file; everyone may where the file names none."""
    return groups is None or not allowed_groups or not set(allowed_groups).isdisjoint(groups)


def count_facets(rows: Iterable[tuple[Sequence[str | None], int]]) -> dict[str, dict[str, int]]:
    """The most frequent values of each facet, from how many files share one value of every facet."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for values, files in rows:
        for name, value in zip(FACETS, values, strict=True):
            if value:
                counts[name][value] += files
    return {name: most_frequent(found) for name, found in counts.items()}


def most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """The most frequent first, equal ones by their names."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:MAX_FACET_VALUES])
