"""Reindex: the next files index is filled beside the one that is searched, and takes its place.

Workers go on writing to the alias, that is to the old index, and passes catch up with them. Once few files
differ the alias is switched, at once for all, and a last pass brings what was written in that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from worker.errors import MisconfiguredError, UnavailableError
from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.opensearch.versions.index_versions import IndexVersion
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.reindex.index_copy import IndexCopy, PassResult
from worker.maintenance.reindex.parts import ReindexParts
from worker.maintenance.sweep import Report, StoppedError

FEW = 100
"""So many differing files are written within seconds after the switch."""
_MOST_PASSES, _LAST_PASSES, _COUNTS = 20, 5, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """How long after a switch workers may still write to the old index, or as the old index was made.

    A bulk request with its retries takes half a minute at most; a worker asks for the analysis of the index
    once a minute.
    """

    written: timedelta = timedelta(seconds=30)
    analysed: timedelta = timedelta(seconds=90)


@dataclass(kw_only=True, slots=True)
class ReindexResult:
    """What a run came to. `live` are the entries of `old` and `new` that a search may find.

    `behind` are files that a rollback could not bring to the old index. `is_needless` says that the index is
    what this program makes, and that nothing was done.
    """

    old: str = ""
    new: str = ""
    live: tuple[int, int] = (0, 0)
    made: int = 0
    ahead: int = 0
    behind: int = 0
    refused: set[str] = field(default_factory=set)
    is_needless: bool = False
    is_switched: bool = False
    is_complete: bool = False


@dataclass(kw_only=True, slots=True, eq=False)
class Reindex:
    """One run. `wait` waits for some seconds and returns True at a stop.

    A run that was stopped or killed is gone on with by the next one; `resumed_after` says what those before
    it had written. `is_forced` makes an index anew that is as this program makes it.
    """

    parts: ReindexParts
    report: Report
    wait: Callable[[float], bool]
    is_forced: bool = False
    waits: Waits = field(default_factory=Waits)
    result: ReindexResult = field(default_factory=ReindexResult)
    resumed_after: str | None = None

    def run(self) -> ReindexResult:
        """Come to the end. Raises StoppedError at a stop, WorkerError."""
        versions, result = self.parts.versions, self.result
        current = versions.current()
        old = versions.find(current.made_from)
        if old is None or current.is_done:
            begun = versions.find_begun(current, only_unfinished=self.is_forced)
            if begun is None and versions.is_newest(current) and not self.is_forced:
                result.is_needless = result.is_complete = True
                result.new = current.name
                return result
            target = versions.prepare(current, begun)
            result.old, result.new = current.name, target.name
            self._fill(current, target)
            old, current = current, versions.switch(current, target)
        result.old, result.new, result.is_switched = old.name, current.name, True
        if self._complete(old, current):
            versions.finish(current)
            result.is_complete = True
        return result

    def roll_back(self) -> ReindexResult:
        """Lead the alias back to the old index, and bring it what came since.

        Where this program cannot write to it, only deletes: no deleted file must be found again.
        """
        versions, result = self.parts.versions, self.result
        current = versions.current()
        old = versions.find(current.made_from)
        if old is None:
            raise MisconfiguredError(
                f"There is no old index to go back to: {current.name} behind {versions.alias} was made from "
                f"{current.made_from or 'none'}, which is not there. `cis-worker reindex` makes a new one."
            )
        result.old, result.new = current.name, old.name
        versions.switch(current, old)
        result.is_switched = True
        self._pause(self.waits.written)
        copy = self.parts.copy(current, old, alias=versions.alias, only_tombstones=not old.is_writable)
        last = self._pass("last", copy, total=self.parts.entries(current).count())
        result.behind, result.ahead = last.left, last.ahead
        self._count(current, old)
        result.is_complete = True
        return result

    def remove_old(self) -> ReindexResult:
        """Delete the old index; afterwards there is no way back."""
        versions, result = self.parts.versions, self.result
        current = versions.current()
        old = versions.find(current.made_from)
        if old is None:
            raise MisconfiguredError(f"There is no old index: {current.name} is the only one of its files.")
        if not current.is_done:
            raise MisconfiguredError(
                f"{old.name} may have entries that {current.name} lacks: complete the re-index first, "
                "`cis-worker reindex`."
            )
        versions.remove(old.name)
        result.old, result.new, result.is_complete = old.name, current.name, True
        return result

    def _fill(self, current: IndexVersion, target: IndexVersion) -> None:
        """Passes until few files differ; raises UnavailableError where the counts do not agree then."""
        copy = self.parts.copy(current, target, alias=self.parts.versions.next_alias)
        last = self._pass("fill", copy, total=self.parts.entries(current).count())
        for _ in range(_MOST_PASSES):
            before, last = last.made, self._pass("catch_up", copy, total=last.compared)
            # More passes help only as long as they become shorter.
            if last.made <= FEW or last.made >= before:
                break
        for _ in range(_COUNTS):
            self._count(current, target)
            self.result.ahead = last.ahead
            old, new = self.result.live
            # Fewer come between a pass and the counts than came during the pass.
            if abs(old - new) <= last.ahead + last.left + last.made // 2:
                return
            last = self._pass("catch_up", copy, total=last.compared)
        raise UnavailableError(
            f"{current.name} has {old} files and {target.name} {new}: nothing was switched. Another "
            "`cis-worker reindex` goes on."
        )

    def _complete(self, old: IndexVersion, new: IndexVersion) -> bool:
        """Bring what came to the old index until all workers knew of the switch; whether all is there."""
        is_other = old.analysis != OWN_ANALYSIS
        copy = self.parts.copy(old, new, alias=self.parts.versions.alias)
        total = self.parts.entries(old).count()
        # At once, so that a search lacks little; and again when no worker can be writing to the old one.
        self._pass("last", copy, total=total)
        self._pause(self.waits.analysed if is_other else self.waits.written)
        for _ in range(_LAST_PASSES):
            last = self._pass("last", copy, total=total)
            if not last.made:
                break
        if is_other:
            # Workers that did not know of the switch wrote as the old index was made.
            self.result.made += copy.write_again(new.switched_at)
        self._count(old, new)
        self.result.ahead, self.result.behind = last.ahead, last.left
        before, after = self.result.live
        return not last.made and abs(before - after) <= last.ahead + last.left

    def _pass(self, phase: str, copy: IndexCopy, *, total: int) -> PassResult:
        meter = ProgressMeter(lambda progress: self.report(phase, progress), total=total)
        copy.on_file = meter.advance
        result = copy.run_pass()
        meter.finish()
        self.result.made += result.made
        self.result.refused |= copy.refused
        return result

    def _count(self, old: IndexVersion, new: IndexVersion) -> None:
        self.result.live = (
            self.parts.entries(old).count(live=True),
            self.parts.entries(new).count(live=True),
        )

    def _pause(self, pause: timedelta) -> None:
        if self.wait(pause.total_seconds()):
            raise StoppedError
