"""The streams of the analysis as fields: their mapping, and those of a text.

A stream is a text of tokens parted by blanks, under the whitespace analyzer: OpenSearch changes nothing of
what the analysis in Python made. Streams are made again from the artifact, and so are kept out of `_source`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from worker.index.analysis.streams import Streams, analyse
from worker.index.search_plan import WEIGHTS

Json: TypeAlias = dict[str, Any]

BODY, NAME, PAGES = "body_", "name_", "pages."
"""Before the name of a stream: of the whole text, of the name and path, of each page (nested)."""
STREAMS = tuple(WEIGHTS)

_POSITIONS, _PRESENCE = "positions", "docs"
_DETAIL = {
    "pairs": _POSITIONS,
    "words": _POSITIONS,
    "parts": _POSITIONS,
    "readings": _PRESENCE,
    "entities": _PRESENCE,
    "lookalikes": _POSITIONS,
    "stems": _POSITIONS,
}


def stream_properties(place: str = "") -> Json:
    """The mapping of all streams; positions only where phrases need them."""
    return {
        f"{place}{name}": {
            "type": "text",
            "analyzer": "whitespace",
            "index_options": _DETAIL[name],
            # A long page does not have its readings or dates less than a short one.
            "norms": _DETAIL[name] != _PRESENCE,
        }
        for name in STREAMS
    }


def source_excludes() -> list[str]:
    """The fields that `_source` does not keep."""
    return [f"{place}{name}" for place in (BODY, NAME, PAGES) for name in STREAMS]


def page_streams(text: str, *, is_ocr: bool = False, has_words: bool) -> Json:
    """The streams of a page that have any token."""
    return _with_prefix("", analyse(text, is_ocr=is_ocr, has_words=has_words))


def name_streams(text: str, *, has_words: bool) -> Json:
    """The streams of a file's name and path that have any token."""
    return _with_prefix(NAME, analyse(text, is_ocr=False, is_name=True, has_words=has_words))


def whole_text_streams(parts: Sequence[Json]) -> Json:
    """The streams of the whole text from those of its parts, between which no phrase goes on."""
    together = ((name, [part[name] for part in parts if name in part]) for name in STREAMS)
    return {f"{BODY}{name}": texts for name, texts in together if texts}


def _with_prefix(place: str, found: Streams) -> Json:
    texts = ((name, " ".join(getattr(found, name))) for name in STREAMS)
    return {f"{place}{name}": joined for name, joined in texts if joined}
