"""A document as the sources of the two OpenSearch indices, and back.

Text is normalised (NFKC) here; the artifact in the results bucket keeps it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.index.analysis.characters import replace_surrogates
from worker.index.opensearch.metadata_fields import group_source, metadata_source, to_metadata
from worker.index.opensearch.schema import IMAGE_DIMENSION, Json
from worker.index.opensearch.stream_fields import BODY, name_streams, page_streams, whole_text_streams
from worker.index.query import fold, fold_path, label, normalise
from worker.models.document import Document, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

PART_CHARS = 8_000
"""A longer page becomes several nested parts, so that a hit is shown without fetching all of its text."""
_LONGEST_KEY_CHARS = 8_000  # 4 bytes each stay below Lucene's limit of 32,766 bytes a term
_BREAK_WITHIN_CHARS = 400
_TEXTS = frozenset({"ocr_text", "pages", "text_sources"})


def file_source(document: Document, *, text_vectors: bool, has_words: bool = True) -> Json:
    """The source for the files index, with the streams of its texts. A tombstone has only its id and state.

    `has_words` says whether the index knows Japanese words.
    """
    if document.state is State.TOMBSTONED:
        return {"file_id": document.file_id, "state": document.state.value}
    texts = [normalise(page.text) for page in document.pages]
    source: Json = {
        "file_id": document.file_id,
        "bucket": replace_surrogates(document.bucket),
        "key": replace_surrogates(document.key),
        "file_name": replace_surrogates(document.file_name),
        "file_path": replace_surrogates(document.file_path),
        **name_streams(label(document.file_name, document.file_path), has_words=has_words),
        "name_key": fold(document.file_name)[:_LONGEST_KEY_CHARS],
        "path_key": fold_path(document.file_path)[:_LONGEST_KEY_CHARS],
        "file_size": document.size_bytes,
        "file_type": document.file_type.value,
        "state": document.state.value,
        "reason": document.reason,
        "reason_message": replace_surrogates(document.reason_message),
        "ocr_text": "\n".join(texts),
        "pages": [],
        "page_count": len(document.pages),
        "language": document.language,
        "confidence": document.confidence,
        "text_sources": list(document.text_sources),
        "thumbnail_key": document.thumbnail_key,
        "artifact_key": document.artifact_key,
        "image_model": document.vectors.image_model,
        "text_model": document.vectors.text_model,
        "vectors_pending": document.vectors.pending,
        "indexed_at": document.indexed_at or None,
        **metadata_source(document),
    }
    vectors = iter(document.vectors.text if text_vectors else ())
    for page, text in zip(document.pages, texts, strict=True):
        parts = list(_parts(page, text, has_words))
        # `vectors` follows the order of the pages with text; the one of a page that was refused is empty.
        if page.text.strip() and (vector := next(vectors, ())):
            parts[0]["text_vector"] = list(vector)
        source["pages"].extend(parts)
    return source | whole_text_streams(source["pages"])


def without_texts(source: Mapping[str, Any]) -> Json:
    """A source for the files index with all but the texts of its pages.

    By field, never by size: an empty `allowed_groups` would open the file to everyone, and a search needs
    the names and keys however long they are.
    """
    kept = {name: value for name, value in source.items() if not (name in _TEXTS or name.startswith(BODY))}
    return {**kept, "pages": [], "text_sources": []}


def image_source(document: Document) -> Json:
    """The source for the images index; without a vector it is a tombstone."""
    vector = document.vectors.image
    # A zero vector has no direction: it is similar to nothing, and k-NN with cosine refuses it.
    if document.state is State.TOMBSTONED or vector is None or not any(vector):
        return {"file_id": document.file_id, "state": State.TOMBSTONED.value}
    return {
        "file_id": document.file_id,
        "state": document.state.value,
        "file_name": replace_surrogates(document.file_name),
        "file_path": replace_surrogates(document.file_path),
        "image_model": document.vectors.image_model,
        "image_vector": list(vector),
        "indexed_at": document.indexed_at or None,
        **group_source(document),
    }


def has_image(document: Document) -> bool:
    """Whether the document has a vector for the images index."""
    vector = document.vectors.image
    return vector is not None and len(vector) == IMAGE_DIMENSION and any(vector)


def to_document(source: Mapping[str, Any], image: Mapping[str, Any] | None) -> Document:
    """The document of two sources; its text is normalised, and the thumbnail is missing."""
    vector = (image or {}).get("image_vector")
    pages = source.get("pages") or []
    return Document(
        file_id=source["file_id"],
        bucket=source["bucket"],
        key=source["key"],
        file_name=source["file_name"],
        file_path=source["file_path"],
        size_bytes=source["file_size"],
        file_type=FileType(source["file_type"]),
        state=State(source["state"]),
        pages=tuple(_join_parts(pages)),
        reason=source.get("reason"),
        reason_message=source.get("reason_message") or "",
        content_hash=source.get("content_hash"),
        thumbnail_key=source.get("thumbnail_key"),
        artifact_key=source.get("artifact_key"),
        vectors=Vectors(
            image=tuple(vector) if vector else None,
            image_model=source.get("image_model"),
            text=tuple(tuple(page["text_vector"]) for page in pages if page.get("text_vector")),
            text_model=source.get("text_model"),
            pending=bool(source.get("vectors_pending")),
        ),
        indexed_at=source.get("indexed_at") or "",
        metadata=to_metadata(source),
    )


def _parts(page: Page, text: str, has_words: bool) -> Iterator[Json]:
    for number, part in enumerate(_split_text(text)):
        yield {
            "number": page.number,
            "part": number,
            "text": part,
            "source": page.source.value,
            "language": page.language,
            "confidence": page.confidence,
            "reason": page.reason,
            **page_streams(part, is_ocr=page.source.has_ocr_text, has_words=has_words),
        } | ({"member_path": replace_surrogates(page.member_path)} if page.member_path else {})


def _split_text(text: str) -> Iterator[str]:
    """Split a text into pieces of at most PART_CHARS, at white space where some is near; lossless."""
    start = 0
    while len(text) - start > PART_CHARS:
        end = start + PART_CHARS
        near = max(text.rfind(space, end - _BREAK_WITHIN_CHARS, end) for space in ("\n", " "))
        end = near + 1 if near > 0 else end
        yield text[start:end]
        start = end
    yield text[start:]


def _join_parts(parts: list[Mapping[str, Any]]) -> Iterator[Page]:
    texts: dict[int, list[str]] = {}
    for part in parts:
        texts.setdefault(part["number"], []).append(part["text"])
    firsts = (part for part in parts if not part["part"])
    for first in firsts:
        yield Page(
            number=first["number"],
            text="".join(texts[first["number"]]),
            source=TextSource(first["source"]),
            language=first.get("language"),
            confidence=first.get("confidence"),
            reason=first.get("reason"),
            member_path=first.get("member_path") or "",
        )
