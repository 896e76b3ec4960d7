"""Artifacts, vectors and checkpoints in the results bucket, addressed by content.

    artifacts/<sha256>/<type>-<extraction key>   pages, words, reasons: gzipped JSON
    thumbnails/<sha256>/<extraction key>.webp
    vectors/<sha256>/<model>-<dimension>         JSON array
    checkpoints/<file_id>/<version>/<extraction key>/<first page>-<count>   pages of an unfinished file

Content is the cache key: a copy, a rename or a second upload of the same bytes costs no OCR and no embedding.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from worker.aws.storage_handler import StorageHandler
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import Checkpoint, CheckpointPart
from worker.models.page import Page

_GZIP_LEVEL = 5

_log = structlog.get_logger(__name__)


class ArtifactStore:
    """The stored objects of one extraction key."""

    def __init__(self, storage: StorageHandler, *, extraction_key: str) -> None:
        self._storage = storage
        self.extraction_key = extraction_key

    def artifact_key(self, sha256: str, file_type: FileType) -> str:
        """Key of the artifact of a content, extracted as a type."""
        return f"artifacts/{sha256}/{file_type.value}-{self.extraction_key}"

    def thumbnail_key(self, sha256: str) -> str:
        """Key of the thumbnail (WebP) of a content."""
        return f"thumbnails/{sha256}/{self.extraction_key}.webp"

    def load(self, sha256: str, file_type: FileType) -> Extraction | None:
        """The complete result for a content, None where there is none or it cannot be read."""
        extraction = self.open(self.artifact_key(sha256, file_type), self.thumbnail_key(sha256))
        # An incomplete result may become complete with a higher limit or another machine.
        return extraction if extraction is not None and extraction.reason is None else None

    def open(self, artifact_key: str, thumbnail_key: str | None) -> Extraction | None:
        """The result under a key, complete or not; None where there is none or it cannot be read."""
        data = self._storage.get(artifact_key)
        if data is None:
            return None
        try:
            extraction, has_thumbnail = _to_extraction(_unpack(data))
        except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error) as error:
            _log.warning("artifact_unreadable", key=artifact_key, error=type(error).__name__)
            return None
        if not has_thumbnail or thumbnail_key is None:
            return extraction
        return replace(extraction, thumbnail=self._storage.get(thumbnail_key))

    def save(self, sha256: str, extraction: Extraction) -> str:
        """Store a result and its thumbnail; returns the key of the artifact."""
        if extraction.thumbnail is not None:
            # Before the artifact that announces it.
            self._storage.put(self.thumbnail_key(sha256), extraction.thumbnail, content_type="image/webp")
        key = self.artifact_key(sha256, extraction.file_type)
        self._storage.put(key, _pack(_values(extraction)), content_type="application/gzip")
        return key

    def save_thumbnail(self, artifact_key: str, sha256: str, extraction: Extraction) -> str:
        """Store a new thumbnail of what is stored under `artifact_key`; returns the thumbnail's key."""
        key = self.thumbnail_key(sha256)
        if extraction.thumbnail is None:
            raise ValueError(f"{artifact_key}: there is no thumbnail to store")
        self._storage.put(key, extraction.thumbnail, content_type="image/webp")
        # Its artifact may be of an older pipeline, and say that there is no thumbnail.
        self._storage.put(artifact_key, _pack(_values(extraction)), content_type="application/gzip")
        return key

    def load_vector(self, sha256: str, model: str, dimension: int) -> tuple[float, ...] | None:
        """The stored embedding of a content, None where there is none."""
        data = self._storage.get(_vector_key(sha256, model, dimension))
        if data is None:
            return None
        try:
            vector = tuple(float(value) for value in json.loads(data))
        except (TypeError, ValueError):
            return None
        return vector if len(vector) == dimension else None

    def save_vector(self, sha256: str, model: str, vector: Sequence[float]) -> None:
        """Store the embedding of a content."""
        self._storage.put(
            _vector_key(sha256, model, len(vector)),
            json.dumps(list(vector)).encode(),
            content_type="application/json",
        )

    def save_part(self, file_id: str, version: str, pages: Sequence[Page]) -> CheckpointPart:
        """Store finished pages of an unfinished file, before any pointer names them."""
        numbers = tuple(page.number for page in pages)
        data = _pack({"pages": [page.as_dict() for page in pages]})
        digest = hashlib.sha256(data).hexdigest()
        # The digest in the key keeps two attempts on one version from overwriting each other's parts.
        key = f"{self._prefix(file_id, version)}{numbers[0]:06d}-{len(numbers)}-{digest[:12]}"
        self._storage.put(key, data, content_type="application/gzip")
        return CheckpointPart(key=key, sha256=digest, pages=numbers)

    def load_pages(self, checkpoint: Checkpoint) -> list[Page]:
        """The pages of a checkpoint, without the parts that are missing or altered."""
        pages: dict[int, Page] = {}
        for part in checkpoint.parts:
            data = self._storage.get(part.key)
            if data is None or hashlib.sha256(data).hexdigest() != part.sha256:
                _log.warning("checkpoint_part_unusable", key=part.key, missing=data is None)
                continue
            pages.update((page.number, page) for page in map(Page.from_dict, _unpack(data)["pages"]))
        return [pages[number] for number in sorted(pages)]

    def drop_checkpoint(self, file_id: str, version: str) -> None:
        """Remove the checkpoint parts of a file that is finished."""
        self._storage.delete_prefix(self._prefix(file_id, version))

    def _prefix(self, file_id: str, version: str) -> str:
        safe_version = hashlib.sha256(version.encode()).hexdigest()[:32]
        return f"checkpoints/{file_id}/{safe_version}/{self.extraction_key}/"


def _values(extraction: Extraction) -> dict[str, object]:
    picture = extraction.picture
    return {
        "file_type": extraction.file_type.value,
        "reason": extraction.reason,
        "reason_message": extraction.reason_message,
        "pages": [page.as_dict() for page in extraction.pages],
        "thumbnail": extraction.thumbnail is not None,
        "picture": base64.b64encode(picture).decode() if picture is not None else None,
    }


def _to_extraction(values: Mapping[str, Any]) -> tuple[Extraction, bool]:
    """The stored extraction, and whether a thumbnail was stored with it."""
    picture = values["picture"]
    extraction = Extraction(
        file_type=FileType(values["file_type"]),
        pages=tuple(map(Page.from_dict, values["pages"])),
        reason=values["reason"],
        reason_message=str(values["reason_message"]),
        picture=base64.b64decode(picture) if picture else None,
    )
    return extraction, bool(values["thumbnail"])


def _vector_key(sha256: str, model: str, dimension: int) -> str:
    return f"vectors/{sha256}/{model.replace(':', '_')}-{dimension}"


def _pack(values: Mapping[str, object]) -> bytes:
    # Text of a PDF may hold lone surrogates; without the time in its header equal data has equal bytes.
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode("utf-8", "surrogatepass"), _GZIP_LEVEL, mtime=0)


def _unpack(data: bytes) -> dict[str, Any]:
    values = json.loads(gzip.decompress(data).decode("utf-8", "surrogatepass"))
    if not isinstance(values, dict):
        raise TypeError("not an object")
    return values
