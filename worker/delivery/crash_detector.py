"""CrashDetector: finds workers of this machine that died, and marks the files they held as suspect."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from worker.aws.file_table import FileTable
from worker.errors import WorkerError
from worker.models.ledger import Claim
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrashDetector:
    """Only the death of a process whose machine lived on is found here.

    The death of a machine leaves no record, or one of another boot; a process that stops removes its own
    first. Both count for nothing.
    """

    record: ProcessRecord
    table: FileTable
    metrics: Metrics

    def step(self) -> None:
        """Mark the files of the processes that have died since the last step."""
        try:
            self.record.sweep(self._mark)
        except (WorkerError, OSError) as error:
            # The record is still there; the next step goes on with it.
            _log.warning("crash_not_recorded", reason=str(error))

    def _mark(self, claim: Claim) -> None:
        row = self.table.record_crash(claim)
        if row is None:
            return
        self.metrics.crashes.inc()
        _log.warning(
            "worker_died",
            file=row.file_id,
            path=row.file_path,
            correlation=row.correlation,
            strikes=row.crash_strikes,
        )
