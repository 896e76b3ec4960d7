"""Publication: carries the files of a home to a fleet, with what was read of them.

Of each file first the results, then the original, then the message: a worker that meets the message finds the
content known, and reads nothing. What is there already is not sent again, so a run that was stopped goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from worker.aws.buckets.object_metadata import GROUPS, MODIFIED
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.scans.event_sender import BATCH, EventSender, FileEvent
from worker.aws.storage_handler import StorageHandler
from worker.errors import ObjectGoneError
from worker.home.file_walk import display
from worker.home.folder import Home, translate_os_errors
from worker.home.manifest import ManifestEntry
from worker.home.transfer.published_file import PublishedFile
from worker.maintenance.progress import ProgressMeter
from worker.models.file import EventType, ObjectVersion, file_id
from worker.models.metadata import epoch_time

_ORIGINAL_PATH = "original-path"
_WEBP = "image/webp"
_MOST_METADATA = 1_900
"""S3 refuses an object with more than 2 KB of metadata, and a path in kanji takes nine bytes a character."""
_ROWS_ASKED = 500
"""How many rows of the ledger say what the fleet reads with."""


@dataclass(kw_only=True, slots=True)
class PublishCounts:
    """What a run did, or with a dry run would do.

    `others` counts the files that the fleet reads again because it reads otherwise, `limited` those because a
    limit was met; `unfit` are gone or changed.
    """

    files: int = 0
    originals: int = 0
    results: int = 0
    messages: int = 0
    known: int = 0
    others: int = 0
    limited: int = 0
    unfit: int = 0
    sent_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One run. `fleet_key` is what the fleet reads with, None where nobody knows it.

    `note` hears of a file (path, why) that is left out. Who may see the files, `groups`, goes with the
    originals; without any, those that are there keep theirs. With `dry` nothing is written.
    """

    home: Home
    bucket: str
    prefix: str
    storage: StorageHandler
    table: FileTable
    sender: EventSender
    fleet_key: str | None
    meter: ProgressMeter
    note: Callable[[str, str], None]
    is_stopped: Callable[[], bool]
    groups: tuple[str, ...] = ()
    dry: bool = False
    counts: PublishCounts = field(default_factory=PublishCounts)
    _contents: set[str] = field(default_factory=set)

    def run(self, entries: Iterable[ManifestEntry]) -> bool:
        """Publish the files; False where it was stopped before the end. Raises WorkerError."""
        left = iter(entries)
        while batch := list(islice(left, BATCH)):
            if not self._publish(batch):
                return False
        return True

    def _publish(self, entries: list[ManifestEntry]) -> bool:
        """Publish some files; False where it was stopped before the last."""
        files = [PublishedFile(home=self.home, entry=entry, prefix=self.prefix) for entry in entries]
        ready = [file for file in files if self._is_fit(file)]
        rows = self.table.read_many({self._id(file) for file in ready}) if ready else {}
        events, done = [], len(entries) - len(ready)
        # A stop is heard between two files: ten of them may be gigabytes.
        while ready and not self.is_stopped():
            file = ready.pop(0)
            self.counts.files += 1
            if (event := self._carry(file, rows.get(self._id(file)))) is not None:
                events.append(event)
            done += 1
        # Only now: a worker must find the content when it hears of the file.
        if not self.dry:
            self.sender.send(events)
        self.counts.messages += len(events)
        self.meter.advance(done)
        return not ready

    def _is_fit(self, file: PublishedFile) -> bool:
        fault = file.fault()
        if fault is None:
            return True
        self.counts.unfit += 1
        self.note(display(file.entry.path), fault)
        return False

    def _carry(self, file: PublishedFile, row: FileRow | None) -> FileEvent | None:
        """Send what is missing of a file; its event, None where the fleet has this very version."""
        version = self._version(file)
        if version is not None and row is not None and row.is_finished and row.version == version.version:
            self.counts.known += 1
            return None
        is_other = self.fleet_key is not None and self.fleet_key != file.extraction_key
        self.counts.others += is_other
        self.counts.limited += file.has_limit and not is_other
        if file.entry.sha256 not in self._contents:
            self._send_results(file)
            self._contents.add(file.entry.sha256)
        if version is None:
            try:
                self._send_original(file)
            except OSError as error:  # it was there a moment ago
                self.counts.unfit += 1
                self.note(display(file.entry.path), error.strerror or str(error))
                return None
        return FileEvent(
            event_type=EventType.FILE_UPLOADED,
            bucket=self.bucket,
            key=file.key,
            size_bytes=file.entry.size_bytes,
            original_path=display(file.entry.path),
        )

    def _version(self, file: PublishedFile) -> ObjectVersion | None:
        """The object of a file, where it is the one that this command sends."""
        try:
            version = self.storage.head(self.bucket, file.key)
        except ObjectGoneError:
            return None
        is_same = version.size_bytes == file.entry.size_bytes and version.last_modified == _time_of(file)
        is_for_them = not self.groups or set(version.groups) == set(self.groups)
        return version if is_same and is_for_them else None

    def _send_results(self, file: PublishedFile) -> None:
        objects = list(file.objects())
        folders = {each.key.rpartition("/")[0] for each in objects}
        present = {key for folder in sorted(folders) for key in self.storage.keys(f"{folder}/")}
        for each in objects:
            if each.key in present:
                continue
            self.counts.results += 1
            with translate_os_errors(self.home.folder):
                data = each.path.read_bytes()
            self.counts.sent_bytes += len(data)
            if not self.dry:
                is_picture = each.path.suffix == ".webp"
                self.storage.put(each.key, data, **({"content_type": _WEBP} if is_picture else {}))

    def _send_original(self, file: PublishedFile) -> None:
        if not self.dry:
            path, metadata = display(file.entry.path), {MODIFIED: _time_of(file)}
            if groups := ",".join(self.groups):
                metadata[GROUPS] = groups
            # The message has it, too.
            if len(quote(groups + path)) <= _MOST_METADATA:
                metadata[_ORIGINAL_PATH] = path
            self.storage.upload(self.bucket, file.key, Path(file.entry.path), metadata=metadata)
        self.counts.originals += 1
        self.counts.sent_bytes += file.entry.size_bytes

    def _id(self, file: PublishedFile) -> str:
        return file_id(self.bucket, file.key)


def fleet_extraction_key(table: FileTable) -> str | None:
    """What the fleet read the last of some files of its ledger with; None where it has read none."""
    rows: Iterator[FileRow] = (row for row in islice(table.rows(), _ROWS_ASKED) if row.artifact_key)
    last = max(rows, key=lambda row: row.updated_at, default=None)
    return last.artifact_key.rpartition("-")[2] if last is not None and last.artifact_key else None


def _time_of(file: PublishedFile) -> str:
    return epoch_time(file.entry.mtime_ns / 1e9)
