"""Artifacts, vectors and checkpoints in the results bucket, addressed by content.

    artifacts/<sha256>/<type>-<extraction key>   pages, words, reasons: gzipped JSON
    thumbnails/<sha256>/<extraction key>.webp
    vectors/<sha256>/<model>-<dimension>         JSON array
    checkpoints/<file_id>/<version>/<extraction key>/    of an unfinished file:
        <first page>-<count>-<digest>            some of its pages
        manifest-<digest>                        the objects with its pages so far

Content is the cache key: a copy, a rename or a second upload of the same bytes costs no OCR and no embedding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import structlog

from worker.aws.storage_handler import StorageHandler
from worker.document.checkpoint_parts import manifest_parts, manifest_values
from worker.document.packing import (
    UNREADABLE,
    pack,
    pack_extraction,
    pack_pages,
    unpack,
    unpack_extraction,
)
from worker.document.unread import is_final
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import NewObject
from worker.document.uploads.upload_entry import UploadEntry
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import Checkpoint, CheckpointManifest, CheckpointPart
from worker.models.page import Page

CHECKPOINTS = "checkpoints/"
"""The prefix of what is left over of unfinished files; a rule of the bucket expires it."""

# An outage that lasts longer ends the attempt; the upload stays queued, and the next attempt finds it.
_ARTIFACT_TIMEOUT_S = 60.0

_log = structlog.get_logger(__name__)


class ArtifactStore:
    """The stored objects of one extraction key; without an `uploader` all are written at once."""

    def __init__(
        self, storage: StorageHandler, *, extraction_key: str, uploader: BackgroundUploader | None = None
    ) -> None:
        self._storage = storage
        self.extraction_key = extraction_key
        self.uploader = uploader

    def artifact_key(self, sha256: str, file_type: FileType) -> str:
        """Key of the artifact of a content, extracted as a type."""
        return f"artifacts/{sha256}/{file_type.value}-{self.extraction_key}"

    def thumbnail_key(self, sha256: str) -> str:
        """Key of the thumbnail (WebP) of a content."""
        return f"thumbnails/{sha256}/{self.extraction_key}.webp"

    def load(self, sha256: str, file_type: FileType) -> Extraction | None:
        """The result for a content whose text no limit cut; None where there is none or it cannot be read."""
        extraction = self.open(self.artifact_key(sha256, file_type), self.thumbnail_key(sha256))
        # What a limit cut may become complete with a higher one, or elsewhere; damaged content never.
        return extraction if extraction is not None and is_final(extraction) else None

    def open(self, artifact_key: str, thumbnail_key: str | None) -> Extraction | None:
        """The result under a key, complete or not; None where there is none or it cannot be read."""
        data = self._storage.get(artifact_key)
        if data is None:
            return None
        try:
            extraction, has_thumbnail = unpack_extraction(data)
        except UNREADABLE as error:
            _log.warning("artifact_unreadable", key=artifact_key, error=type(error).__name__)
            return None
        if not has_thumbnail or thumbnail_key is None:
            return extraction
        return replace(extraction, thumbnail=self._storage.get(thumbnail_key))

    def save(self, sha256: str, extraction: Extraction) -> str:
        """Store a result and its thumbnail, and wait for it; returns the key of the artifact."""
        self.start_saving(sha256, extraction)()
        return self.artifact_key(sha256, extraction.file_type)

    def start_saving(
        self, sha256: str, extraction: Extraction, *, check: Callable[[], None] = lambda: None
    ) -> Callable[[], None]:
        """Store a result and its thumbnail in the background; returns the wait for it.

        The wait raises the error of the upload, and what `check` raises to end it. The upload goes on also
        where nobody waits for it any more.
        """
        entry = self.submit(self._objects(sha256, extraction), check=check)
        uploader = self.uploader
        if entry is None or uploader is None:
            return lambda: None
        return lambda: uploader.wait(entry, timeout_s=_ARTIFACT_TIMEOUT_S, check=check)

    def submit(
        self,
        objects: Iterable[NewObject],
        *,
        after: Callable[[], None] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> UploadEntry | None:
        """Store objects in order, then call `after`: in the background, or at once (None)."""
        if self.uploader is not None:
            return self.uploader.put(objects, after=after, check=check)
        for new in objects:
            self._put(new)
        if after is not None:
            after()
        return None

    def _put(self, new: NewObject) -> None:
        self._storage.put(new.key, b"".join(new.chunks), content_type=new.content_type)

    def _objects(self, sha256: str, extraction: Extraction) -> Iterator[NewObject]:
        if extraction.thumbnail is not None:
            # Before the artifact that announces it.
            yield NewObject(
                key=self.thumbnail_key(sha256), chunks=(extraction.thumbnail,), content_type="image/webp"
            )
        key = self.artifact_key(sha256, extraction.file_type)
        yield NewObject(key=key, chunks=pack_extraction(extraction))

    def save_thumbnail(self, artifact_key: str, sha256: str, extraction: Extraction) -> str:
        """Store a new thumbnail of what is stored under `artifact_key`; returns the thumbnail's key."""
        key = self.thumbnail_key(sha256)
        if extraction.thumbnail is None:
            raise ValueError(f"{artifact_key}: there is no thumbnail to store")
        self._storage.put(key, extraction.thumbnail, content_type="image/webp")
        # Its artifact may be of an older pipeline, and say that there is no thumbnail.
        self._put(NewObject(key=artifact_key, chunks=pack_extraction(extraction)))
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

    def part_of(self, file_id: str, version: str, pages: Sequence[Page]) -> tuple[CheckpointPart, NewObject]:
        """Finished pages of an unfinished file as a part, and the object to store before it is listed."""
        data = pack_pages(pages)
        numbers, digest = tuple(page.number for page in pages), hashlib.sha256(data).hexdigest()
        # The digest in the key keeps two attempts on one version from overwriting each other's objects.
        key = f"{self._prefix(file_id, version)}{numbers[0]:06d}-{len(numbers)}-{digest[:12]}"
        return CheckpointPart(key=key, sha256=digest, pages=numbers), NewObject(key=key, chunks=(data,))

    def save_part(self, file_id: str, version: str, pages: Sequence[Page]) -> CheckpointPart:
        """Store finished pages of an unfinished file at once, before any pointer names them."""
        part, new = self.part_of(file_id, version, pages)
        self._put(new)
        return part

    def checkpoint_of(
        self, file_id: str, version: str, parts: Sequence[CheckpointPart]
    ) -> tuple[Checkpoint, NewObject]:
        """The checkpoint of some parts, and its manifest, to store after them and before the ledger's row."""
        prefix = self._prefix(file_id, version)
        data = pack(manifest_values(parts, prefix=prefix))
        digest = hashlib.sha256(data).hexdigest()
        manifest = CheckpointManifest(
            key=f"{prefix}manifest-{digest[:12]}",
            sha256=digest,
            pages=len({number for part in parts for number in part.pages}),
        )
        checkpoint = Checkpoint(version=version, extraction_key=self.extraction_key, manifest=manifest)
        return checkpoint, NewObject(key=manifest.key, chunks=(data,))

    def parts(self, checkpoint: Checkpoint) -> tuple[CheckpointPart, ...]:
        """The parts of a checkpoint; none when its manifest is missing or altered."""
        manifest = checkpoint.manifest
        if manifest is None:
            return checkpoint.parts
        data = self._load(manifest.key, manifest.sha256)
        return () if data is None else manifest_parts(unpack(data), prefix=_folder(manifest.key))

    def load_part(self, part: CheckpointPart) -> list[Page] | None:
        """The pages of a part, None when it is missing or altered."""
        data = self._load(part.key, part.sha256)
        return None if data is None else [Page.from_dict(values) for values in unpack(data)["pages"]]

    def load_pages(self, checkpoint: Checkpoint) -> list[Page]:
        """The pages of a checkpoint in order, without the parts that are missing or altered."""
        loaded = (self.load_part(part) or [] for part in self.parts(checkpoint))
        pages = {page.number: page for part in loaded for page in part}
        return [pages[number] for number in sorted(pages)]

    def drop_checkpoint(self, file_id: str, version: str) -> None:
        """Remove the checkpoints of a file that is finished."""
        self._storage.delete_prefix(self._prefix(file_id, version))

    def _load(self, key: str, sha256: str) -> bytes | None:
        data = self._storage.get(key)
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            _log.warning("checkpoint_part_unusable", key=key, missing=data is None)
            return None
        return data

    def _prefix(self, file_id: str, version: str) -> str:
        safe_version = hashlib.sha256(version.encode()).hexdigest()[:32]
        return f"{CHECKPOINTS}{file_id}/{safe_version}/{self.extraction_key}/"


def _folder(key: str) -> str:
    return key[: key.rindex("/") + 1]


def _vector_key(sha256: str, model: str, dimension: int) -> str:
    return f"vectors/{sha256}/{model.replace(':', '_')}-{dimension}"
