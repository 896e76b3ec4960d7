"""Files as a worker leaves them, made without reading any: artifact, ledger row, index entry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.world import World
from worker.aws.file_table import Commit
from worker.document.row_document import row_document
from worker.index.search_index import tombstone_document
from worker.models.document import NO_VECTORS, Document, Extraction
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource


@dataclass(eq=False)
class StoredFiles:
    """Puts files into a world; `write` writes an entry with its version."""

    world: World
    write: Callable[[Document, int], object]

    def add(self, key: str, text: str) -> str:
        """A new file, or a new version of one; returns its id."""
        world = self.world
        claim = world.claim(world.put(key, text.encode())).claim
        page = Page(number=1, text=text, source=TextSource.OCR, language="jpn")
        extraction = Extraction(file_type=FileType.TEXT, pages=(page,))
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        commit = Commit(
            state=extraction.state,
            content_hash=sha256,
            artifact_key=world.store.save(sha256, extraction),
            file_type=FileType.TEXT,
            file_path=key,
            size_bytes=len(text.encode()),
        )
        # As a worker does: the entry comes before the row is finished.
        world.table.commit(claim, commit)
        row = world.row(key)
        self.write(row_document(row, extraction, NO_VECTORS), claim.fence)
        return claim.file_id

    def delete(self, key: str) -> str:
        """Delete a file, and let a worker notice; returns its id."""
        world = self.world
        world.clients.s3.delete_object(Bucket=world.bucket, Key=key)
        claim = world.claim(world.message(key)).claim
        self.write(tombstone_document(claim.file_id), claim.fence)
        world.table.commit(claim, Commit(state=State.TOMBSTONED))
        return claim.file_id
