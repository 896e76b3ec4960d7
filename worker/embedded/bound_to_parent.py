"""Runs a program that is killed when its parent ends: `... PARENT_PID PROGRAM ARGUMENT...`.

Without it the worker of a killed `ingest` or `demo` would poll a queue that no longer exists, for ever.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process by the program, unless the parent has ended already."""
    parent, *command = arguments
    # The kernel sends SIGKILL when the *thread* that started this process ends (prctl(2)). The setting
    # survives exec. The worker's fork server then cleans up its children.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == int(parent):
        os.execvp(command[0], command)  # noqa: S606  (the worker's own command)


if __name__ == "__main__":
    main(sys.argv[1:])
