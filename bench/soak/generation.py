"""One worker process on a phase's servers: its start, its samples, its kill, and what is left of it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak import process_tree
from bench.soak.log_tail import LogTail
from bench.soak.process_tree import ProcessEntry, ProcessTable
from bench.soak.samples import Generation, Index, Sample
from bench.soak.waiting import wait_until
from worker.embedded.worker_process import LogLine, WorkerProcess

_PR_SET_CHILD_SUBREAPER = 36
# Deadlines of what takes seconds on a quiet machine.
_READY_S = 240.0
_GONE_S = 60.0
_STOPPED_S = 300.0
LASTING_S = 15.0
"""A dead process that nobody waits for so long is a leak; on a busy machine its parent may take seconds."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - where the worker renders pages


def adopt_orphans() -> None:
    """Become the parent of what a killed worker leaves: nothing is lost to init, and all of it is seen."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the workers of a phase work: folders of the soak's own."""

    home: Path
    environment: Mapping[str, str]
    index: Index

    @property
    def work(self) -> Path:
        """Temporary files."""
        return self.home / "work"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.home / "logs"

    @property
    def state(self) -> Path:
        """Records of what each process holds."""
        return self.home / "state"

    @property
    def sqlite(self) -> Path:
        """The index, where it is SQLite's."""
        return Path(self.environment["CIS_SQLITE_PATH"] or self.home / "none")

    def worker_environment(self, name: str) -> dict[str, str]:
        """The variables of a worker."""
        return {
            **self.environment,
            "CIS_WORKER_ID": name,
            "CIS_WORK_DIR": str(self.work),
            "CIS_STATE_DIR": str(self.state),
            "CIS_LOG_DIR": str(self.logs),
        }


@dataclass
class RunningWorker:
    """A worker that runs; `on_line` gets each line of its log when `poll` reads it."""

    place: Place
    tail: LogTail
    generation: Generation
    on_line: Callable[[LogLine], None]
    _seen: dict[int, ProcessEntry] = field(default_factory=dict)
    _known: frozenset[int] = frozenset()
    _namespace: str | None = None
    _is_ready: bool = False
    _ended: str = ""
    _zombies: dict[int, float] = field(default_factory=dict)

    def start(self) -> None:
        """Start it and wait until it works."""
        for folder in (self.place.work, self.place.logs, self.place.state):
            folder.mkdir(parents=True, exist_ok=True)
        self._known = frozenset(entry.pid for entry in ProcessTable.read().children(os.getpid()))
        self.process = WorkerProcess(
            self.place.worker_environment(f"soak-{self.generation.number}"),
            stderr_path=self.place.home / "stderr.log",
        )
        wait_until(self._is_up, what="the worker is ready", timeout_s=_READY_S)

    def poll(self) -> None:
        """Read what it has logged. Raises RuntimeError when it ended by itself."""
        for line in self.tail.lines():
            if line.get("event") == "worker_ready":
                self._is_ready = True
            if line.get("event") == "document_done":
                self.generation.documents += 1
            if line.get("level") == "error":
                self._ended = str(line.get("reason") or line.get("event"))
            self.on_line(line)
        if not self.process.is_running:
            raise RuntimeError(f"the worker ended by itself: {self._ended or 'see its stderr.log'}")

    def sample(self, at_s: float) -> None:
        """Take a sample, unless the worker or its fork server is not there at the moment."""
        table = ProcessTable.read()
        fork_server = table.fork_server(self.process.pid)
        worker = process_tree.size_of(self.process.pid)
        server = process_tree.size_of(fork_server.pid) if fork_server else None
        descendants = table.descendants(self.process.pid)
        self._seen.update((entry.pid, entry) for entry in descendants)
        self._zombies = {
            entry.pid: self._zombies.get(entry.pid, at_s) for entry in descendants if entry.state == "Z"
        }
        if fork_server is None or worker is None or server is None:
            return
        self._namespace = self._namespace or process_tree.network_namespace(fork_server.pid)
        readers = [process_tree.size_of(entry.pid) for entry in table.children(fork_server.pid)]
        temporary = list(_sizes(self.place.work)) + [
            size for folder in self._memory_folders() for size in _sizes(folder)
        ]
        self.generation.samples.append(
            Sample(
                at_s=round(at_s, 2),
                documents=self.generation.documents,
                worker_bytes=worker.memory_bytes,
                fork_server_bytes=server.memory_bytes,
                reader_bytes=[reader.memory_bytes for reader in readers if reader is not None],
                threads=worker.threads,
                open_files=process_tree.open_files(self.process.pid),
                fork_server_open_files=process_tree.open_files(fork_server.pid),
                zombies=sum(at_s - since >= LASTING_S for since in self._zombies.values()),
                temporary_files=len(temporary),
                temporary_bytes=sum(temporary),
                sqlite_bytes=_size(self.place.sqlite),
                wal_bytes=_size(self.place.sqlite.with_name(self.place.sqlite.name + "-wal")),
                log_bytes=self.tail.size_bytes(),
                log_written_bytes=self.tail.read_bytes,
            )
        )

    def kill(self) -> None:
        """Kill it as a crash would, and note what is left of it after a while."""
        self.generation.killed = True
        names = [folder.name for folder in self.place.work.iterdir()]
        self._see()
        inside = self._inside()
        self.process.kill()
        self._note_leftovers(names, inside)
        self._read_rest()

    def stop(self) -> None:
        """Stop it by SIGTERM, and note what is left of it and of all before it."""
        names = [folder.name for folder in self.place.work.iterdir()]
        self._see()
        inside = self._inside()
        status = self.process.stop(_STOPPED_S)
        if status:
            self.generation.surprises.append(f"exit status {status} after SIGTERM")
        self._note_leftovers(names, inside)
        self._read_rest()
        records = [*self.place.state.glob("*/*")]
        self.generation.leftovers += [f"record of a process: {path.name}" for path in records]

    def close(self) -> None:
        """End it without ado."""
        self.process.close()
        with suppress(TimeoutError):
            self._wait_until_gone()

    def _is_up(self) -> bool:
        self.poll()
        return self._is_ready

    def _see(self) -> None:
        table = ProcessTable.read()
        self._seen.update((entry.pid, entry) for entry in table.descendants(self.process.pid))

    def _inside(self) -> ProcessTable:
        """The processes of the readers' network namespace.

        Its number is given again once it has gone, to anybody: who was not in it before is not asked.
        """
        return process_tree.in_namespace(self._namespace, table=ProcessTable.read())

    def _read_rest(self) -> None:
        """The lines it wrote last."""
        for line in self.tail.lines():
            if line.get("event") == "document_done":
                self.generation.documents += 1
            self.on_line(line)

    def _memory_folders(self) -> Iterator[Path]:
        if self.place.work.is_dir():
            yield from (_MEMORY / folder.name for folder in self.place.work.iterdir())

    def _note_leftovers(self, folders: list[str], inside: ProcessTable) -> None:
        leftovers = self.generation.leftovers
        with suppress(TimeoutError):
            self._wait_until_gone()
        leftovers += [f"process {entry.pid} {entry.name} ({entry.state})" for entry in self._alive()]
        leftovers += [f"work folder {path.name}" for path in self.place.work.iterdir()]
        leftovers += [f"folder in memory {name}" for name in folders if (_MEMORY / name).exists()]
        if left := process_tree.in_namespace(self._namespace, table=inside).entries():
            pids = [entry.pid for entry in left]
            leftovers.append(f"network namespace {self._namespace} of processes {pids}")

    def _wait_until_gone(self) -> None:
        wait_until(
            lambda: not self._alive() and not any(self.place.work.iterdir()),
            what="nothing is left of the worker",
            timeout_s=_GONE_S,
        )

    def _alive(self) -> list[ProcessEntry]:
        """What is left of its descendants, dead ones reaped: those it was seen with, and new orphans."""
        table = ProcessTable.read()
        orphans = [e for e in table.children(os.getpid()) if e.pid not in self._known]
        for entry in orphans:
            if entry.state == "Z" and entry.pid != self.process.pid:
                with suppress(ChildProcessError):
                    os.waitpid(entry.pid, os.WNOHANG)
        table = ProcessTable.read()
        own = {e.pid: e for e in orphans if e.pid != self.process.pid} | self._seen
        return [entry for entry in own.values() if table.has(entry)]


def _sizes(folder: Path) -> Iterator[int]:
    # Not rglob: it fails on a folder that goes meanwhile.
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield (Path(parent) / name).stat().st_size


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
