"""Claims, commits, late writes and replays of one file, in random order."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from worker.aws.file_table import Commit
from worker.errors import LeaseLostError
from worker.models.document import Document, Extraction
from worker.models.file import FileType
from worker.models.ledger import Claim, State
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.world import World


class Story:
    """Random acts on one file; the index must end with the newest commit."""

    def __init__(self, world: World, key: str, chance: Random) -> None:
        self.world, self.key, self.chance = world, key, chance
        self.open: list[tuple[Claim, str]] = []
        self.newest = ""
        self.versions = 0
        self.acts = [
            self.claim,
            self.commit_pending,
            self.claim_and_commit,
            self.commit_written,
            self.write_late,
            self.replay,
        ]

    def claim(self) -> None:
        self.versions += 1
        text = f"version {self.versions}"
        job = self.world.claim(self.world.put(self.key, text.encode()))
        self.open.append((job.claim, text))

    def commit_pending(self) -> None:
        self._end(index_pending=True)

    def claim_and_commit(self) -> None:
        self.claim()
        self.commit_pending()

    def commit_written(self) -> None:
        self.write_late()
        self._end(index_pending=False)

    def write_late(self) -> None:
        """An attempt that may have been overtaken writes to the index."""
        if self.open:
            claim, text = self.chance.choice(self.open)
            with suppress(LeaseLostError):
                self.world.index.index_document(self._document(claim, text), version=claim.fence)

    def replay(self) -> None:
        """A replay, with other acts in the middle of it."""
        left = self.chance.choices(self.acts[:-1], k=self.chance.randint(0, 3))

        def interrupt(**_: Any) -> None:
            while left:
                left.pop()()

        events = self.world.clients.s3.meta.events
        events.register("before-call.s3.GetObject", interrupt)
        self.world.replayer.step()
        events.unregister("before-call.s3.GetObject", interrupt)

    def settle(self) -> None:
        """End with a committed file and two more replays."""
        if not self.world.row(self.key).is_finished:
            self.commit_pending()
        for _ in range(2):
            self.world.replayer.step()

    def _end(self, *, index_pending: bool) -> None:
        if not self.open:
            return
        claim, text = self.open[-1]
        document = self._document(claim, text)
        if not index_pending:
            with suppress(LeaseLostError):
                self.world.index.index_document(document, version=claim.fence)
        with suppress(LeaseLostError):
            self.world.table.commit(
                claim,
                Commit(
                    state=State.INDEXED,
                    content_hash=text,
                    artifact_key=document.artifact_key,
                    index_pending=index_pending,
                ),
            )
            self.newest = text

    def _document(self, claim: Claim, text: str) -> Document:
        page = Page(number=1, text=text, source=TextSource.FILE)
        artifact = self.world.store.save(text, Extraction(file_type=FileType.TEXT, pages=(page,)))
        return Document(
            file_id=claim.file_id,
            bucket="source",
            key=self.key,
            file_name=self.key,
            file_path=self.key,
            size_bytes=0,
            file_type=FileType.TEXT,
            state=State.INDEXED,
            pages=(page,),
            content_hash=text,
            artifact_key=artifact,
        )
