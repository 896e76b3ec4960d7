"""A small bucket whose ledger and index agree, and ways to make them differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.unit.world import RESULTS, TABLE, World
from worker.aws.file_table import Commit
from worker.aws.scans.event_sender import EventSender
from worker.aws.scans.object_listing import ObjectListing
from worker.aws.scans.row_scan import RowScan
from worker.maintenance.pace import Pace
from worker.maintenance.reconcile import Reconcile
from worker.maintenance.sweep import ReconcileRequest, Stores, Tally
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import Claim, State


@dataclass(eq=False)
class SweepWorld:
    """A World whose files are made without reading them. `time` is the time of the sweeps."""

    world: World
    folder: Path
    time: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(minutes=1))
    is_stopped: bool = False

    @property
    def stores(self) -> Stores:
        clients = self.world.clients
        return Stores(
            objects=ObjectListing(client=clients.s3, bucket=self.world.bucket),
            results=ObjectListing(client=clients.s3, bucket=RESULTS),
            storage=self.world.storage,
            scan=RowScan(client=clients.dynamodb, table=TABLE),
            index=self.world.index,
            sender=EventSender(client=clients.sqs, queue_url=self.world.queue_url),
        )

    def sweep(self, **changes: object) -> Reconcile:
        """A run that has not begun."""
        request = ReconcileRequest(
            **{"bucket": self.world.bucket, "snapshots": self.folder / "snapshots", **changes}  # type: ignore[arg-type]
        )
        return Reconcile(
            self.stores,
            request,
            pace=Pace(None, wait=lambda _: self.is_stopped, clock=self.world.clock),
            report=lambda _phase, _progress: None,
            now=lambda: self.time,
        )

    def reconcile(self, **changes: object) -> Tally:
        return self.sweep(**changes).run()

    def claim(self, key: str) -> Claim:
        """Claim the file of a key, as a worker does."""
        return self.world.claim(self.world.message(key), message_id=f"m-{key}").claim

    def commit(self, claim: Claim, *, content_hash: str | None = None) -> None:
        """End a claim as indexed."""
        self.world.table.commit(claim, Commit(state=State.INDEXED, content_hash=content_hash))

    def index(self, key: str, *, version: int, content_hash: str | None = None) -> None:
        """Write the index entry of a key."""
        message = self.world.message(key)
        document = Document(
            file_id=message.file_id,
            bucket=message.bucket,
            key=key,
            file_name=key,
            file_path=key,
            size_bytes=7,
            file_type=FileType.TEXT,
            state=State.INDEXED,
            content_hash=content_hash,
        )
        self.world.index.index_document(document, version=version)

    def add(self, key: str, data: bytes = b"content", *, content_hash: str | None = None) -> Claim:
        """A file on which object, row and entry agree."""
        self.world.put(key, data)
        claim = self.claim(key)
        self.index(key, version=claim.fence, content_hash=content_hash)
        self.commit(claim, content_hash=content_hash)
        return claim

    def delete_object(self, key: str) -> None:
        self.world.clients.s3.delete_object(Bucket=self.world.bucket, Key=key)

    def delete_row(self, key: str) -> None:
        file_id = self.world.message(key).file_id
        self.world.clients.dynamodb.delete_item(TableName=TABLE, Key={"file_id": {"S": file_id}})

    def tombstone(self, key: str) -> None:
        """Delete a file, and let a worker notice."""
        self.delete_object(key)
        claim = self.claim(key)
        self.world.index.tombstone(claim.file_id, version=claim.fence)
        self.world.table.commit(claim, Commit(state=State.TOMBSTONED))

    def found(self, tally: Tally) -> dict[str, str]:
        """The findings of the differences, by key."""
        return {each["key"]: each["finding"] for each in tally.files}
