"""The two OpenSearch indices: analysis, mappings, settings, names.

`ocr_text` is the text under kuromoji, for those who ask the cluster itself; a search of the worker asks for
the streams of its own analysis (stream_fields.py).

`files` holds documents, `images` their image vectors; both are aliases over versioned indices, so that a new
mapping can be filled beside the old one. NFKC is done in Python, before indexing and querying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from worker.index.analysis.characters import CJK
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.metadata_fields import IMAGE_FIELDS, file_fields
from worker.index.opensearch.stream_fields import BODY, NAME, PAGES, source_excludes, stream_properties

Json: TypeAlias = dict[str, Any]

FILES, IMAGES = "files", "images"
IMAGE_DIMENSION = 1024
ANALYZER = "kuromoji_analyzer"
ANALYSIS = "analysis"
"""Under which the files index says in `_meta` which analysis made its streams."""

_VERSIONS = {FILES: 2, IMAGES: 1}
# OpenSearch's default of 10,000 nested parts would refuse a long book.
_NESTED_LIMIT = 100_000
_EF_CONSTRUCTION, _M = 128, 16
_TEXT_VECTOR = "text_vector"

# Java's regular expressions write characters beyond the Basic Multilingual Plane differently.
_CJK = "".join(f"\\x{{{ord(char):x}}}" if ord(char) > 0xFFFF else char for char in CJK)
_ANALYSIS: Json = {
    "char_filter": {
        # Layout and OCR put white space between characters, which would split words.
        "joined": {"type": "pattern_replace", "pattern": rf"(?<=[{_CJK}])\s+(?=[{_CJK}])", "replacement": ""},
        "iteration_marks": {
            "type": "kuromoji_iteration_mark",
            "normalize_kanji": True,
            "normalize_kana": True,
        },
    },
    "tokenizer": {
        # A compound indexed beside its parts has the position of the first part, which breaks phrases.
        "kuromoji_search": {"type": "kuromoji_tokenizer", "mode": "search", "discard_compound_token": True}
    },
    "analyzer": {
        ANALYZER: {
            "type": "custom",
            "char_filter": ["joined", "iteration_marks"],
            "tokenizer": "kuromoji_search",
            "filter": [
                "kuromoji_baseform",
                "kuromoji_part_of_speech",
                "cjk_width",
                "kuromoji_stemmer",
                "lowercase",
            ],
        },
    },
}

_TEXT: Json = {"type": "text", "analyzer": ANALYZER}
_KEYWORD: Json = {"type": "keyword"}
_STORED: Json = {"type": "keyword", "index": False, "doc_values": False}
"""Stored for display, never searched; an indexed keyword is limited to 32,766 bytes."""
_SHOWN: Json = {"type": "text", "index": False, "norms": False}
"""A text of any length, in `_source` alone."""


def index_name(prefix: str, alias: str) -> str:
    """The name of the index behind an alias."""
    return f"{prefix}{alias}-v{_VERSIONS[alias]}"


def newest(names: Iterable[str]) -> str:
    """Of the versions of an index the last one: v2-10 comes after v2-9."""
    return max(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def stated_analysis(mapping: Mapping[str, Any]) -> AnalysisVersion | None:
    """Which analysis made the streams of an index, by its mapping; None where it has none."""
    stated = mapping.get("_meta", {}).get(ANALYSIS)
    return None if stated is None else AnalysisVersion.parse(stated)


def files_body(*, shards: int, text_dimension: int | None) -> Json:
    """Settings and mapping of the files index; `text_dimension` adds a vector to every page."""
    properties: Json = {
        **dict.fromkeys(
            (
                *("file_id", "bucket", "file_type", "state", "reason", "language", "text_sources"),
                *("image_model", "text_model", "name_key", "path_key"),
            ),
            _KEYWORD,
        ),
        **dict.fromkeys(("key", "reason_message", "thumbnail_key", "artifact_key"), _STORED),
        "file_name": _TEXT,
        "file_path": _TEXT,
        "file_size": {"type": "long"},
        "ocr_text": _TEXT,
        **stream_properties(BODY),
        **stream_properties(NAME),
        "pages": {"type": "nested", "dynamic": "strict", "properties": _page_properties(text_dimension)},
        "page_count": {"type": "integer"},
        "confidence": {"type": "float"},
        "vectors_pending": {"type": "boolean"},
        "indexed_at": {"type": "date"},
        **file_fields(_TEXT),
    }
    settings: Json = {"mapping.nested_objects.limit": _NESTED_LIMIT, "analysis": _ANALYSIS}
    body = _body(settings, properties, shards=shards)
    body["mappings"] |= {
        "_meta": {ANALYSIS: str(OWN_ANALYSIS)},
        # As the streams are: the results bucket has the vectors, and digits take twice as much as numbers do.
        "_source": {"excludes": [*source_excludes(), f"{PAGES}{_TEXT_VECTOR}"]},
    }
    return body


def images_body(*, shards: int) -> Json:
    """Settings and mapping of the images index."""
    properties: Json = {
        **dict.fromkeys(("file_id", "state", "image_model"), _KEYWORD),
        **dict.fromkeys(("file_name", "file_path"), _STORED),
        "image_vector": _vector(IMAGE_DIMENSION),
        "indexed_at": {"type": "date"},
        **IMAGE_FIELDS,
    }
    return _body({}, properties, shards=shards)


def _page_properties(text_dimension: int | None) -> Json:
    page: Json = {
        "number": {"type": "integer"},
        "part": {"type": "integer"},
        "text": _SHOWN,
        "source": _KEYWORD,
        "language": _KEYWORD,
        "confidence": {"type": "float"},
        "reason": _KEYWORD,
        "member_path": _STORED,
        **stream_properties(),
    }
    if text_dimension is not None:
        page[_TEXT_VECTOR] = _vector(text_dimension)
    return page


def _vector(dimension: int) -> Json:
    return {
        "type": "knn_vector",
        "dimension": dimension,
        "method": {
            "name": "hnsw",
            "engine": "lucene",
            "space_type": "cosinesimil",
            "parameters": {"ef_construction": _EF_CONSTRUCTION, "m": _M},
        },
    }


def _body(settings: Mapping[str, Any], properties: Json, *, shards: int) -> Json:
    index: Json = {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",  # none on a single node, or the cluster would stay yellow
        "knn": True,  # cannot be enabled later, when a text model is set
        **settings,
    }
    # strict: an unknown field means that index and worker do not match, and must not be mapped by guess.
    return {"settings": {"index": index}, "mappings": {"dynamic": "strict", "properties": properties}}
