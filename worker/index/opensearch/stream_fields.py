"""The streams of the analysis as fields: their mapping, and those of a text.

A stream is a text of tokens parted by blanks, under the whitespace analyzer: OpenSearch changes nothing of
what the analysis in Python made. Streams are made again from the artifact, and so are kept out of `_source`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from worker.index.analysis.streams import analyse
from worker.index.search_plan import WEIGHTS

Json: TypeAlias = dict[str, Any]

BODY, NAME, PAGES = "body", "name", "pages"
"""Where the streams are: of the whole text, of the name and path, of each page (nested)."""
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


def stream_properties() -> Json:
    """The mapping of all streams; positions only where phrases need them."""
    return {
        name: {
            "type": "text",
            "analyzer": "whitespace",
            "index_options": _DETAIL[name],
            # A long page does not have its readings or dates less than a short one.
            "norms": _DETAIL[name] != _PRESENCE,
        }
        for name in STREAMS
    }


def excluded_from_source() -> list[str]:
    """The fields that `_source` does not keep."""
    return [BODY, NAME, *(f"{PAGES}.{name}" for name in STREAMS)]


def text_streams(text: str, *, is_ocr: bool = False, is_name: bool = False, has_words: bool) -> Json:
    """The streams of a text that have any token."""
    found = analyse(text, is_ocr=is_ocr, is_name=is_name, has_words=has_words)
    texts = ((name, " ".join(getattr(found, name))) for name in STREAMS)
    return {name: joined for name, joined in texts if joined}


def whole_text_streams(parts: Sequence[Json]) -> Json:
    """The streams of the whole text from those of its parts, between which no phrase goes on."""
    together = ((name, [part[name] for part in parts if name in part]) for name in STREAMS)
    return {name: texts for name, texts in together if texts}
