"""Rules about files, each tried in a process of its own; on a kernel without Landlock it says so."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.stand_ins.other_systems import output_of, without
from worker.sandbox import landlock

pytestmark = pytest.mark.unit

# Before the rules, what the program needs is imported.
IMPORTS = """
import ctypes, os, shutil, signal, socket, sys
from worker.sandbox import landlock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
def attempt(name, action):
    try: action(); print(name, "done")
    except OSError as error: print(name, error.errno)
"""


def skip_unless_available(version: int = 1) -> None:
    if landlock.version() < version:
        pytest.skip(f"this kernel has version {landlock.version()} of Landlock")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("own", "shown", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def attempts(folders: Path, lines: str, *, known: str = "None") -> dict[str, str]:
    program = (
        f"{IMPORTS}\n"
        f"own, shown, other = ({str(folders)!r} + name for name in ('/own', '/shown', '/other'))\n"
        "places = (*landlock.writable([own]), *landlock.readable([shown]))\n"
        "places += landlock.devices(['/dev/null'])\n"
        f"print('restrict', landlock.restrict(places, known={known}))\n{lines}"
    )
    return dict(line.split(" ", 1) for line in output_of(program).splitlines())


@pytest.mark.parametrize("known", ["None", "1", "2", "3", "4", "5"])
def test_only_the_given_places_can_be_used(folders: Path, known: str) -> None:
    skip_unless_available()
    results = attempts(
        folders,
        "attempt('own', lambda: open(own + '/file', 'w').write('new'))\n"
        "attempt('made', lambda: (os.mkdir(own + '/a'), os.mkfifo(own + '/a/b')))\n"
        "attempt('removed', lambda: shutil.rmtree(own + '/a'))\n"
        "attempt('moved', lambda: os.rename(own + '/file', own + '/renamed'))\n"
        "attempt('shown', lambda: (open(shown + '/file').read(), os.listdir(shown)))\n"
        "attempt('null', lambda: open('/dev/null', 'r+').close())\n"
        "attempt('shown_written', lambda: open(shown + '/file', 'a').close())\n"
        "attempt('shown_made', lambda: os.mkdir(shown + '/a'))\n"
        "attempt('other', lambda: open(other + '/file').read())\n"
        "attempt('other_listed', lambda: os.listdir(other))\n"
        "attempt('other_removed', lambda: os.unlink(other + '/file'))\n",
        known=known,
    )
    refused = str(errno.EACCES)
    assert results == {
        "restrict": "0",
        **dict.fromkeys(("own", "made", "removed", "moved", "shown", "null"), "done"),
        **dict.fromkeys(("shown_written", "shown_made", "other", "other_listed", "other_removed"), refused),
    }


def test_its_own_programs_can_be_signalled_and_no_other_process(folders: Path) -> None:
    skip_unless_available(landlock.SIGNAL_VERSION)
    results = attempts(
        folders,
        "child = os.fork()\n"
        "if child == 0: signal.pause()\n"
        "attempt('child', lambda: os.kill(child, signal.SIGKILL))\n"
        "attempt('parent', lambda: os.kill(os.getppid(), 0))\n",
    )
    assert results == {"restrict": "0", "child": "done", "parent": str(errno.EPERM)}


def test_places_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = landlock.readable([tmp_path / "missing", tmp_path / "file"])
    landlock.close(places)
    assert len(places) == 1


def test_a_kernel_without_it_is_reported() -> None:
    program = "from worker.sandbox import landlock\nprint(landlock.version(), landlock.restrict(()))"
    assert output_of(program, prefix=without("landlock")) == f"0 {errno.ENOSYS}"


def test_without_no_new_privs_the_refusal_is_reported() -> None:
    skip_unless_available()
    program = (
        "import ctypes, struct\n"
        "from worker.sandbox import landlock\n"
        "ctypes.CDLL(None).capset(struct.pack('=Ii', 0x20080522, 0), bytes(24))\n"
        "print(landlock.restrict(()))"
    )
    assert output_of(program) == str(errno.EPERM)
