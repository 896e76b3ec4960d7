"""A program under bounds: its output is cut, its end is reported, and nothing of it is left."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from worker.sandbox.bounded_popen import BoundedPopen

pytestmark = pytest.mark.unit

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def program(line: str, *, memory_bytes: int | None = None) -> BoundedPopen:
    return BoundedPopen(
        ["sh", "-c", line],
        env=ENVIRONMENT,
        memory_bytes=memory_bytes,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("line", "out", "errors", "status"),
    [
        ("echo out; echo bad >&2; exit 3", b"out\n", b"bad\n", 3),
        ("kill -SEGV $$", b"", b"", -11),
        ("exec 1>&- 2>&-; exit 4", b"", b"", 4),
        ("printf '\\377\\376'", b"\xff\xfe", b"", 0),
        ("sleep 5 & echo out", b"out\n", b"", 0),
    ],
    ids=["output", "signal", "closed pipes", "no text", "something it started holds its pipes"],
)
def test_its_output_and_its_end_are_reported(line: str, out: bytes, errors: bytes, status: int) -> None:
    started = program(line)
    assert started.communicate(timeout=20) == (out, errors)
    assert started.returncode == status


@pytest.mark.parametrize("stream", ["1", "2"])
def test_of_much_output_the_end_is_kept(stream: str) -> None:
    outputs = program(f"{{ head -c 20M /dev/zero; echo end; }} >&{stream}").communicate(timeout=60)
    tail = outputs[int(stream) - 1]
    assert tail.endswith(b"\0end\n")
    assert len(tail) < 1024**2


@pytest.mark.parametrize("stream", ["1", "2"])
def test_one_that_floods_is_ended_and_takes_no_memory(stream: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = program(f"exec cat /dev/zero >&{stream}")
    started.communicate(timeout=60)
    assert started.returncode == -signal.SIGKILL
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("end", [BoundedPopen.kill, BoundedPopen.terminate], ids=["kill", "terminate"])
def test_one_that_takes_too_long_is_reported_and_ended_without_a_zombie(
    end: Callable[[BoundedPopen], None],
) -> None:
    started = program("trap '' TERM; sleep 600 & sleep 600")
    began = time.monotonic()
    while not (started_by_it := psutil.Process(started.pid).children()):
        assert time.monotonic() - began < 60
    with pytest.raises(subprocess.TimeoutExpired):
        started.communicate(timeout=0.3)
    end(started)
    assert not psutil.pid_exists(started.pid)
    assert time.monotonic() - began < 300, "it waited for nothing that the program started"
    for child in started_by_it:
        child.kill()


@pytest.mark.parametrize(
    ("what", "limit"), [(b"Max file size", b"134217728"), (b"Max address space", b"512000000")]
)
def test_it_may_write_no_large_file_and_take_no_more_memory_than_allowed(what: bytes, limit: bytes) -> None:
    started = program("cat /proc/self/limits", memory_bytes=512_000_000)
    (line,) = [line for line in started.communicate(timeout=20)[0].splitlines() if what in line]
    assert line.split()[3:5] == [limit] * 2


def test_a_program_that_is_missing_is_reported_as_such() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        BoundedPopen(["no-such-program"], env=ENVIRONMENT)
