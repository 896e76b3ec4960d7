"""What reads documents, begun before the worker itself is imported.

The fork server's imports take as long as the worker's own, and neither needs the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.config import Settings, sandbox_environment
from worker.runtime.work_root import WorkRoot
from worker.sandbox.fork_server_client import ForkServerClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Readers:
    """A work folder, and the fork server that works in it."""

    work_root: WorkRoot
    fork_server: ForkServerClient

    def close(self) -> None:
        """End the fork server and its children, then remove the folder; may be called again."""
        self.fork_server.close()
        # After the readers, who may still write there.
        self.work_root.remove()


def begin_readers(settings: Settings) -> Readers:
    """Start the process without waiting for it, before any thread exists: its death signal is this thread's.

    Raises LocalFaultError where the work folder cannot be made.
    """
    work_root = WorkRoot(settings.work_dir)
    fork_server = ForkServerClient(work_root=work_root.path, environment=sandbox_environment())
    fork_server.begin()
    return Readers(work_root=work_root, fork_server=fork_server)
