"""Why a process ended that the worker did not kill."""

from __future__ import annotations

import signal

from worker.errors import Code


def crash_code(status: int) -> Code:
    """The code of an exit status: SIGKILL is the kernel short of memory, SIGXCPU the limit of CPU time."""
    if status == -signal.SIGKILL:
        return Code.MEMORY
    return Code.TIMEOUT if status == -signal.SIGXCPU else Code.CRASHED


def code_of_process(code: Code) -> Code:
    """The code that a process ends its document with: no fault of the machine is its to say."""
    return Code.UNAVAILABLE if code is Code.LOCAL_FAULT else code
