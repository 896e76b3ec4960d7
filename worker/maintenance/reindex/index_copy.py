"""IndexCopy: brings one files index to what another has, in passes that compare all their entries.

A pass writes only what differs. So the first one fills an empty index, one after a stop goes on where that
was, and the next ones catch up with what was written and deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from worker.index.opensearch.versions.version_entries import EntryMark, VersionEntries
from worker.index.opensearch.versions.version_writer import VersionWriter
from worker.maintenance.pace import Pace
from worker.maintenance.reindex.stored_documents import StoredDocuments, Versioned
from worker.maintenance.sweep import StoppedError, in_batches
from worker.models.ledger import State

_BATCH = 20
"""So many documents are in memory at once."""

Pair: TypeAlias = tuple[EntryMark | None, EntryMark | None]
"""A file's entry in the source, and in the target."""


@dataclass(kw_only=True, slots=True)
class PassResult:
    """What one pass has done. `ahead` are files of which the target has the newer entry, or the only one.

    `left` are those that cannot be made now: an attempt has them, and will write them.
    """

    compared: int = 0
    made: int = 0
    left: int = 0
    ahead: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class IndexCopy:
    """One source, one target. Raises StoppedError at a stop, and the errors of what it reads and writes."""

    source: VersionEntries
    target: VersionEntries
    documents: StoredDocuments
    writer: VersionWriter
    pace: Pace
    on_file: Callable[[], object] = lambda: None
    only_tombstones: bool = False
    refused: set[str] = field(default_factory=set)
    _is_first: bool = True
    _settled: dict[str, EntryMark | None] = field(default_factory=dict)

    def run_pass(self) -> PassResult:
        """Write what differs."""
        result = PassResult()
        is_first, self._is_first = self._is_first, False
        for batch in in_batches(self._differences(result), _BATCH):
            versions = {_id_of(pair): pair[0].version if pair[0] else None for pair in batch}
            made = self._make(versions, self.source)
            self._write(
                {_id_of(pair): _above(made[_id_of(pair)], pair) for pair in batch if _id_of(pair) in made}
            )
            result.made += len(made)
            result.left += len(batch) - len(made)
            if not is_first:
                # What a row says may differ from its entry for good: it is made once more, and again when
                # it changes. Of a first pass, which may make ten million, nothing is remembered.
                self._settled.update({_id_of(pair): pair[0] for pair in batch if _id_of(pair) in made})
        return result

    def write_again(self, since: str) -> int:
        """Write anew what others wrote to the target since a time; returns how many files these are."""
        number = 0
        for batch in in_batches(self.target.marks(since=since), _BATCH):
            made = self._make({mark.file_id: mark.version for mark in batch}, self.target)
            self._write(made)
            number += len(made)
        return number

    def _differences(self, result: PassResult) -> Iterator[Pair]:
        for source, target in merge(self.source.marks(), self.target.marks()):
            result.compared += 1
            self.on_file()
            # Also where nothing differs: reading ten million entries must hear the stop.
            self._check_stop(0)
            if target is not None and (source is None or target.version > source.version):
                result.ahead += 1
            if not is_behind(source, target):
                continue
            if self.only_tombstones and (source is None or source.is_live):
                result.left += 1
                continue
            file_id = _id_of((source, target))
            if file_id not in self._settled or self._settled[file_id] != source:
                yield source, target

    def _make(self, versions: Mapping[str, int | None], entries: VersionEntries) -> dict[str, Versioned]:
        self._check_stop(len(versions))
        return self.documents.make(versions, entries.documents)

    def _write(self, made: Mapping[str, Versioned]) -> None:
        self.refused.update(self.writer.write(list(made.values())))

    def _check_stop(self, operations: int) -> None:
        if not self.pace.take(operations):
            raise StoppedError


def merge(sources: Iterable[EntryMark], targets: Iterable[EntryMark]) -> Iterator[Pair]:
    """The entries of both by file; each comes in the order of file ids."""
    left, right = iter(sources), iter(targets)
    source, target = next(left, None), next(right, None)
    while source is not None or target is not None:
        file_id = min(each.file_id for each in (source, target) if each is not None)
        has_source = source is not None and source.file_id == file_id
        has_target = target is not None and target.file_id == file_id
        yield (source if has_source else None, target if has_target else None)
        source = next(left, None) if has_source else source
        target = next(right, None) if has_target else target


def is_behind(source: EntryMark | None, target: EntryMark | None) -> bool:
    """Whether the entry of a target is not what the source has, or newer."""
    if source is None:
        # Its tombstone may have been purged from the source.
        return target is not None and target.is_live
    if target is None or target.version < source.version:
        return True
    return target.version == source.version and target != source


def _id_of(pair: Pair) -> str:
    mark = pair[0] or pair[1]
    assert mark is not None  # noqa: S101 - a pair has one of them
    return mark.file_id


def _above(made: Versioned, pair: Pair) -> Versioned:
    """What was made, under a version that the target takes where no row and no entry has one."""
    document, version = made
    source, target = pair
    if source is None and target is not None and document.state is State.TOMBSTONED:
        version = max(version, target.version)
    return document, version
