"""StoredDocuments: the document of an index entry, made of its ledger row and artifact: no file, no model.

A row that is finished says what its entry should be. While an attempt has the file, and where the row is
older or gone, the entry itself does, with the text of its artifact where that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeAlias

from worker.aws.bedrock_client import embedding_dimension
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.delivery.dead_letters import dead_lettered_document
from worker.document.artifacts import ArtifactStore
from worker.document.embedder import text_hash
from worker.document.row_document import row_document, row_message
from worker.index.search_index import tombstone_document
from worker.models.document import NO_VECTORS, Document, Extraction, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page

Versioned: TypeAlias = tuple[Document, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredDocuments:
    """Makes documents. Empty models mean no vectors. Raises the errors of FileTable and ArtifactStore."""

    table: FileTable
    store: ArtifactStore
    pool: Executor
    image_model: str = ""
    text_model: str = ""

    def make(
        self,
        files: Mapping[str, int | None],
        entries: Callable[[Sequence[str]], Mapping[str, Versioned]],
    ) -> dict[str, Versioned]:
        """The documents of some files, with the versions to write them under.

        `files` has the version of each one's entry, None where there is none; `entries` reads them whole. A
        file without entry and without a finished row is left out where an attempt has it, and hidden where
        no row names it.
        """
        # After the entries' versions: a row that is read now is not older than what they say.
        rows = self._rows(files)
        finished = [
            row for row in rows.values() if row.is_finished and row.fence >= (files[row.file_id] or 0)
        ]
        made: dict[str, Versioned] = {}
        for row, document in zip(finished, self.pool.map(self._of_row, finished), strict=True):
            if document is not None:
                made[row.file_id] = document, row.fence
        rest = [file_id for file_id, version in files.items() if version is not None and file_id not in made]
        for file_id, (entry, version) in (entries(rest) if rest else {}).items():
            made[file_id] = self._of_entry(entry), version
        gone = [file_id for file_id, version in files.items() if version is None and file_id not in rows]
        return made | {file_id: (tombstone_document(file_id), 1) for file_id in gone}

    def _rows(self, file_ids: Collection[str]) -> dict[str, FileRow]:
        rows = self.table.read_many(file_ids)
        for file_id in file_ids:
            # A throttled table leaves rows out.
            if file_id not in rows and (row := self.table.read(file_id)) is not None:
                rows[file_id] = row
        return rows

    def _of_row(self, row: FileRow) -> Document | None:
        """The document of a finished row; None where its artifact is missing."""
        if row.state is State.TOMBSTONED:
            return tombstone_document(row.file_id)
        if row.state is State.DEAD_LETTERED:
            return dead_lettered_document(
                row_message(row), code=row.reason or "", message=row.reason_message, metadata=row.metadata
            )
        if row.artifact_key is None:
            # Rejected before its download: the row has all there is.
            file_type = FileType(row.file_type or FileType.UNSUPPORTED)
            nothing = Extraction(file_type=file_type, reason=row.reason, reason_message=row.reason_message)
            return row_document(row, nothing, NO_VECTORS)
        extraction = self.store.open(row.artifact_key, None)
        if extraction is None:
            return None
        vectors = self._vectors(
            row.content_hash, extraction.pages, has_picture=extraction.picture is not None
        )
        return row_document(row, extraction, replace(vectors, pending=row.vectors_pending))

    def _of_entry(self, entry: Document) -> Document:
        extraction = self.store.open(entry.artifact_key, None) if entry.artifact_key else None
        pages = extraction.pages if extraction is not None else entry.pages
        vectors = self._vectors(entry.content_hash, pages, has_picture=False)
        return replace(
            entry,
            pages=pages,
            vectors=replace(vectors, image_model=entry.vectors.image_model, pending=entry.vectors.pending),
        )

    def _vectors(self, content_hash: str | None, pages: Sequence[Page], *, has_picture: bool) -> Vectors:
        """What the store has of them; none is requested."""
        image = None
        if self.image_model and has_picture and content_hash:
            image = self._vector(content_hash, self.image_model)
        texts: list[tuple[float, ...]] = []
        if self.text_model:
            hashes = [text_hash(page.text) for page in pages if page.text.strip()]
            texts = [self._vector(each, self.text_model) or () for each in hashes]
        return Vectors(
            image=image,
            image_model=self.image_model if image else None,
            text=tuple(texts) if any(texts) else (),
            text_model=self.text_model if any(texts) else None,
        )

    def _vector(self, content_hash: str, model: str) -> tuple[float, ...] | None:
        return self.store.load_vector(content_hash, model, embedding_dimension(model))
