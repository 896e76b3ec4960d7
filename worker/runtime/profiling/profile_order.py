"""What CIS_PROFILE asks for: which figures of each process, and the folder they are appended to."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from worker.errors import MisconfiguredError

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
# Since then one profiler serves all threads of a process, and cProfile takes their calls for nested ones.
_CPROFILE_OF_ONE_THREAD = (3, 12)


class ProfileKind(StrEnum):
    """One a run, since each disturbs what the others measure."""

    SAMPLES = "samples"  # stacks, by the CPU time of their threads
    CALLS = "calls"  # cProfile: calls of each function, with their CPU time
    COUNTS = "counts"  # processes, programs and what the kernel says of both, at no cost
    ALLOCATIONS = "allocations"  # tracemalloc: Python's memory, by the line that took it


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileOrder:
    """The figures that are wanted, and where they go."""

    kind: ProfileKind
    folder: Path

    def open(self, process: str) -> int:
        """A descriptor that records of this kind of process (worker, reader) are appended to."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return os.open(self.folder / f"{process}.jsonl", _FLAGS, 0o600)


def profile_order(text: str, *, is_on_aws: bool = False) -> ProfileOrder | None:
    """What a value of CIS_PROFILE asks for; None for the empty one.

    Raises MisconfiguredError where nothing may be profiled, or not so.
    """
    if not text:
        return None
    kind, _, folder = text.partition(":")
    if kind not in set(ProfileKind) or not Path(folder).is_absolute():
        kinds = ", ".join(ProfileKind)
        raise MisconfiguredError(
            f"CIS_PROFILE is {text!r}: give one of {kinds}, a colon and an absolute path, or nothing at all"
        )
    if is_on_aws:
        raise MisconfiguredError(
            "CIS_PROFILE is set, but this worker works for AWS, where it would be slower and leave names "
            "of its functions on the disk: remove it, or profile on the embedded stack (make profile)"
        )
    if kind == ProfileKind.CALLS and sys.version_info >= _CPROFILE_OF_ONE_THREAD:
        raise MisconfiguredError(
            "CIS_PROFILE asks for calls, but since Python 3.12 cProfile mixes up the calls of several "
            "threads: use Python 3.11, or samples"
        )
    if kind == ProfileKind.SAMPLES and find_spec("pyinstrument") is None:
        raise MisconfiguredError(
            "CIS_PROFILE asks for samples, which take pyinstrument: pip install 'cis-worker[profile]'"
        )
    return ProfileOrder(kind=ProfileKind(kind), folder=Path(folder))
