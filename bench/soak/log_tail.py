"""Reads the lines that workers add to their log files, through rotation and kills."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from worker.embedded.worker_process import LogLine


@dataclass
class LogTail:
    """Follows all log files of a folder; `read_bytes` is what was written to them so far."""

    folder: Path
    read_bytes: int = 0
    # By inode: a file gets another name when it is complete.
    _offsets: dict[int, int] = field(default_factory=dict)

    def lines(self) -> Iterator[LogLine]:
        """What was written since the last call; a line that is not complete yet comes later."""
        for path in sorted(self.folder.glob("cis-worker.*.log")):
            # Renamed or removed since it was listed: the next call finds it under its name.
            with suppress(FileNotFoundError):
                yield from self._lines_of(path)

    def size_bytes(self) -> int:
        """What the files take on disk now."""
        total = 0
        for path in self.folder.glob("cis-worker.*"):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def _lines_of(self, path: Path) -> Iterator[LogLine]:
        with path.open("rb") as file:
            inode = path.stat().st_ino
            offset = self._offsets.get(inode, 0)
            file.seek(offset)
            data = file.read()
        complete = data[: data.rfind(b"\n") + 1]
        self._offsets[inode] = offset + len(complete)
        self.read_bytes += len(complete)
        for text in complete.splitlines():
            # The last line of a killed worker may be cut off in its middle.
            with suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict):
                    yield line
