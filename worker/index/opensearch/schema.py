"""The two OpenSearch indices: analysis, mappings, settings, names.

`files` holds documents, `images` their image vectors; both are aliases over versioned indices, so that a new
mapping can be filled beside the old one. NFKC is done in Python, before indexing and querying.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from worker.index.analysis.characters import CJK

Json: TypeAlias = dict[str, Any]

FILES, IMAGES = "files", "images"
IMAGE_DIMENSION = 1024
ANALYZER = "kuromoji_analyzer"
PAIRS = "bigram"
"""Sub-field of every text field with the same text as character bigrams."""

_VERSION = 1
# OpenSearch's default of 10,000 nested parts would refuse a long book.
_NESTED_LIMIT = 100_000
_EF_CONSTRUCTION, _M = 128, 16

# Java's regular expressions write characters beyond the Basic Multilingual Plane differently.
_CJK = "".join(f"\\x{{{ord(char):x}}}" if ord(char) > 0xFFFF else char for char in CJK)
_ANALYSIS: Json = {
    "char_filter": {
        # Layout and OCR put white space between characters, which would split words.
        "joined": {"type": "pattern_replace", "pattern": rf"(?<=[{_CJK}])\s+(?=[{_CJK}])", "replacement": ""},
        # The standard tokenizer keeps a_b, 1.5 and don't together; a search for one half would fail.
        "words_only": {"type": "pattern_replace", "pattern": r"[^\p{L}\p{N}\p{M}\s]+", "replacement": " "},
        # What Python's casefold() does beyond lower case.
        "folded": {"type": "mapping", "mappings": ["ß=>ss", "ẞ=>ss", "ς=>σ"]},
        # Lucene 9 has the tables of Unicode 12 and drops newer ideographs. All of them become one known
        # character, so that they are found, if not distinguished.
        "young": {"type": "pattern_replace", "pattern": r"[\x{30000}-\x{3ffff}]", "replacement": "𠀀"},
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
    "filter": {
        "pairs_and_singles": {"type": "cjk_bigram", "output_unigrams": True},
        "pairs": {"type": "cjk_bigram"},
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
        "bigram_analyzer": {
            "type": "custom",
            "char_filter": ["joined", "words_only", "folded", "young"],
            "tokenizer": "standard",
            "filter": ["lowercase", "pairs_and_singles"],
        },
        "bigram_query": {
            "type": "custom",
            "char_filter": ["joined", "words_only", "folded", "young"],
            "tokenizer": "standard",
            "filter": ["lowercase", "pairs"],
        },
    },
}

# Analysed twice: kuromoji knows words and their base forms (読む finds 読みました), bigrams match across its
# word boundaries.
_TEXT: Json = {
    "type": "text",
    "analyzer": ANALYZER,
    "fields": {
        PAIRS: {"type": "text", "analyzer": "bigram_analyzer", "search_analyzer": "bigram_query"},
    },
}
_KEYWORD: Json = {"type": "keyword"}
_NAME: Json = {"type": "text", "analyzer": ANALYZER}
_STORED: Json = {"type": "keyword", "index": False, "doc_values": False}
"""Stored for display, never searched; an indexed keyword is limited to 32,766 bytes."""


def index_name(prefix: str, alias: str) -> str:
    """The name of the index behind an alias."""
    return f"{prefix}{alias}-v{_VERSION}"


def files_body(*, shards: int, text_dimension: int | None) -> Json:
    """Settings and mapping of the files index; `text_dimension` adds a vector to every page."""
    page: Json = {
        "number": {"type": "integer"},
        "part": {"type": "integer"},
        "text": _TEXT,
        "source": _KEYWORD,
        "language": _KEYWORD,
        "confidence": {"type": "float"},
        "reason": _KEYWORD,
        "member_path": _STORED,
    }
    if text_dimension is not None:
        page["text_vector"] = _vector(text_dimension)
    properties: Json = {
        **dict.fromkeys(
            (
                *("file_id", "bucket", "file_type", "state", "reason", "language", "text_sources"),
                *("content_hash", "image_model", "text_model", "name_key", "path_key", "allowed_groups"),
            ),
            _KEYWORD,
        ),
        **dict.fromkeys(("key", "reason_message", "thumbnail_key", "artifact_key"), _STORED),
        "file_name": _NAME,
        "file_path": _NAME,
        "label": _TEXT,
        "file_size": {"type": "long"},
        "ocr_text": _TEXT,
        "pages": {"type": "nested", "dynamic": "strict", "properties": page},
        "page_count": {"type": "integer"},
        "confidence": {"type": "float"},
        "vectors_pending": {"type": "boolean"},
        "indexed_at": {"type": "date"},
    }
    settings: Json = {"mapping.nested_objects.limit": _NESTED_LIMIT, "analysis": _ANALYSIS}
    return _body(settings, properties, shards=shards)


def images_body(*, shards: int) -> Json:
    """Settings and mapping of the images index."""
    properties: Json = {
        **dict.fromkeys(("file_id", "state", "image_model"), _KEYWORD),
        **dict.fromkeys(("file_name", "file_path"), _STORED),
        "image_vector": _vector(IMAGE_DIMENSION),
        "indexed_at": {"type": "date"},
    }
    return _body({}, properties, shards=shards)


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
