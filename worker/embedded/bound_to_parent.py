"""Becomes another program, which ends with the process that started it: `... PARENT PROGRAM ARGUMENT...`.

A worker that outlives a killed `ingest` or `demo` would look for its queue for ever. The kernel kills it
(prctl(2), PR_SET_PDEATHSIG) when the thread that started it is gone, and its fork server clears up after it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program, unless the parent is gone already."""
    parent, *command = arguments
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == int(parent):
        os.execvp(command[0], command)  # noqa: S606  (the worker's own command)


if __name__ == "__main__":
    main(sys.argv[1:])
