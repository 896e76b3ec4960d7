"""The two OpenSearch indices as they are made: analysis, mappings, settings, names.

`files` holds documents, `images` their image vectors; both names are aliases over versioned indices, so
that a new mapping can be filled beside the old one. Text is analysed twice: by kuromoji, which knows
words and their base forms (読みました is found by 読む), and in pairs of characters, which find what
kuromoji cuts elsewhere. NFKC is done in Python, before indexing and before asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from worker.index.query import CJK

Json: TypeAlias = dict[str, Any]

FILES, IMAGES = "files", "images"
IMAGE_DIMENSION = 1024
ANALYZER = "kuromoji_analyzer"
PAIRS = "bigram"
"""Sub-field of every text field: the same text in pairs of characters."""

_VERSION = 1
_NESTED_LIMIT = 100_000
_EF_CONSTRUCTION, _M = 128, 16

# Java knows characters beyond the first plane by another notation.
_CJK = "".join(f"\\x{{{ord(char):x}}}" if ord(char) > 0xFFFF else char for char in CJK)
_ANALYSIS: Json = {
    "char_filter": {
        # Layout and OCR put white space between characters; it would cut words in two.
        "joined": {"type": "pattern_replace", "pattern": rf"(?<=[{_CJK}])\s+(?=[{_CJK}])", "replacement": ""},
        # The standard tokenizer keeps a_b, 1.5 and don't together, which nobody can know who asks.
        "words_only": {"type": "pattern_replace", "pattern": r"[^\p{L}\p{N}\p{M}\s]+", "replacement": " "},
        # What casefold() does beyond lower case.
        "folded": {"type": "mapping", "mappings": ["ß=>ss", "ẞ=>ss", "ς=>σ"]},
        # Lucene 9's tables end with Unicode 12: it drops younger ideographs. As one that it knows they
        # are found, if not told apart.
        "young": {"type": "pattern_replace", "pattern": r"[\x{30000}-\x{3ffff}]", "replacement": "𠀀"},
        "iteration_marks": {
            "type": "kuromoji_iteration_mark",
            "normalize_kanji": True,
            "normalize_kana": True,
        },
    },
    "tokenizer": {
        # Whole compounds beside their parts would be at the place of the first part, and break phrases.
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
"""Kept for people, never asked for; a keyword that is looked up may not be longer than 32,766 bytes."""


def index_name(prefix: str, alias: str) -> str:
    """The index that an alias is made for."""
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
        "auto_expand_replicas": "0-1",  # none where there is one node, or the cluster would stay yellow
        "knn": True,  # cannot be switched on later, when a text model is set
        **settings,
    }
    return {"settings": {"index": index}, "mappings": {"dynamic": "strict", "properties": properties}}
