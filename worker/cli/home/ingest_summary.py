"""The results of one `ingest`: counts, and every file that was not wholly read by its reason."""

from __future__ import annotations

import heapq
import shlex
from collections import Counter
from pathlib import Path

from worker.cli.printing import duration_text, sanitise
from worker.home.ingestion import IngestEnd
from worker.home.remedies import home_remedy
from worker.home.result import FAILED, Result
from worker.models.ledger import State

_NAMES_A_REASON = 10
_SLOW_S = 30.0
_SLOW_FILES = 3


class IngestSummary:
    """Counts results; holds of each reason only as many paths as it names."""

    def __init__(self) -> None:
        self.files = 0
        self._pages = 0
        self._states: Counter[str] = Counter()
        self._unchanged = 0
        self._reasons: Counter[tuple[bool, str]] = Counter()
        self._paths: dict[tuple[bool, str], list[str]] = {}
        self._slow: list[tuple[float, str]] = []

    def add(self, result: Result) -> None:
        """Count the end of one file."""
        self.files += 1
        self._pages += result.pages
        self._unchanged += result.skipped
        is_failure = result.state == FAILED
        is_whole = result.state == State.TOMBSTONED or result.reason is None
        self._states["unread" if not (is_whole or is_failure) else result.state] += 1
        if not is_whole:
            key = (is_failure, result.reason or "")
            self._reasons[key] += 1
            paths = self._paths.setdefault(key, [])
            if len(paths) < _NAMES_A_REASON:
                paths.append(result.file_path)
        if result.seconds >= _SLOW_S:
            self._slow = heapq.nlargest(_SLOW_FILES, [*self._slow, (result.seconds, result.file_path)])

    def lines(self, *, seconds: float, end: IngestEnd, home: Path | None) -> list[str]:
        """The summary; `home` is the folder for commands that are named, None where they need none."""
        option = f" --home {shlex.quote(str(home))}" if home is not None else ""
        lines = [self._counts(seconds, end)]
        for (is_failure, reason), count in sorted(self._reasons.items()):
            title = f"failed: {reason}" if is_failure else f"{reason}: {home_remedy(reason)}"
            lines.append(sanitise(f"{count:,} {title}"))
            paths = self._paths[is_failure, reason]
            lines += [f"    {sanitise(path)}" for path in paths]
            if count > len(paths):
                more = "" if is_failure else f": cis-worker list --reason {reason}{option}"
                lines.append(f"    and {count - len(paths):,} more{more}")
        if self._states["unread"]:
            lines.append(f"To list them again: cis-worker list --unread{option}")
        if self._slow:
            slow = ", ".join(f"{sanitise(path)} ({seconds:.0f} s)" for seconds, path in self._slow)
            lines.append(f"Slowest: {slow}")
        return [*lines, *_what_is_left(end)]

    def _counts(self, seconds: float, end: IngestEnd) -> str:
        states = self._states
        counts = {
            "read": states[State.INDEXED],
            "not wholly read": states["unread"],
            "failed": states[FAILED],
            "removed": states[State.TOMBSTONED],
        }
        parts = [f"{count:,} {name}" for name, count in counts.items() if count]
        extra = [f"{self._unchanged:,} unchanged"] if self._unchanged else []
        extra += [f"{end.left_out:,} left out by name"] if end.left_out else []
        extra += [f"{_pages(end.pages_restored)} from an earlier run"] if end.pages_restored else []
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        found = f"{files}, {_pages(self._pages)} in {duration_text(seconds)}"
        found += f": {', '.join(parts)}" if parts else ""
        return found + (f" ({', '.join(extra)})" if extra else "")


def _what_is_left(end: IngestEnd) -> list[str]:
    """What was not read, and how to go on."""
    left = f"{end.left:,} not reached" if end.left else ""
    if not end.interrupted:
        return [f"{left}: run the same command again to go on."] if left else []
    more = f", and {_pages(end.pages_kept)} of what is not" if end.pages_kept else ""
    kept = f"what is finished is kept{more}"
    return [f"Stopped: {'; '.join(filter(None, [kept, left]))}. Run the same command again to go on."]


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count:,} pages"
