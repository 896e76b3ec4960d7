"""The walls that a process puts around itself, tried in processes of their own."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from tests.stand_ins.other_systems import (
    home_of_ordinary_user,
    output_of,
    run_as_ordinary_user,
    without,
)
from worker.sandbox.confinement import WALLS_TO_HAVE, Walls, explain, probe

pytestmark = pytest.mark.unit

IMPORTS = "import os, socket\nfrom pathlib import Path\nfrom worker.sandbox.confinement import *\n"


def test_privileges_are_gone_for_good_and_files_are_private(tmp_path: Path) -> None:
    output = output_of(
        IMPORTS + "give_up_privileges()\n"
        f"open({str(tmp_path / 'new')!r}, 'w').close()\n"
        "os.execvp('cat', ['cat', '/proc/self/status'])"
    )
    status = dict(line.split(":\t", 1) for line in output.splitlines())
    assert status["NoNewPrivs"] == "1"
    allowed = 0b110 if os.geteuid() == 0 else 0
    assert int(status["CapPrm"], 16) | int(status["CapEff"], 16) == allowed, (
        "also after another program began"
    )
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has any")
def test_where_some_capabilities_are_missing_the_others_go_too() -> None:
    output = output_of(
        IMPORTS + "import ctypes, struct\n"
        "some = 1 << 1 | 1 << 5\n"
        "header = struct.pack('=Ii', 0x20080522, 0)\n"
        "assert ctypes.CDLL(None).capset(header, struct.pack('=6I', some, some, 0, 0, 0, 0)) == 0\n"
        "give_up_privileges()\n"
        "print(*[line for line in open('/proc/self/status') if line.startswith('CapPrm')])"
    )
    assert int(output.split()[1], 16) == 1 << 1


@pytest.mark.parametrize(("number", "name"), [(0, ""), (errno.EPERM, "EPERM: Operation not permitted")])
def test_a_refusal_is_reported_by_name(number: int, name: str) -> None:
    assert explain(number) == name


def test_the_walls_that_stand_and_those_that_do_not_are_named() -> None:
    walls = Walls(landlock="ENOSYS", signals="old")
    assert walls.standing == ("namespace", "seccomp", "non_dumpable", "processes")
    assert walls.missing == {"landlock": "ENOSYS", "signals": "old"}


def test_a_system_without_the_walls_is_reported_by_the_probe() -> None:
    program = "from worker.sandbox.confinement import probe\nprint(probe())"
    report = output_of(program, prefix=without("namespace", "landlock"))
    assert "namespace='EPERM: Operation not permitted'" in report
    assert "landlock='ENOSYS: Function not implemented'" in report
    assert "seccomp=''" in report


def test_a_probe_that_fails_reports_no_wall_as_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert probe().standing == ()


ENTER = (
    IMPORTS + "import json, sys\n"
    "from worker.sandbox import confinement\n"
    "own = Path(sys.argv[1], 'own'); own.mkdir()\n"
    "c = Confinement(namespace='', more_to_read=[Path(sys.argv[1], 'models')])\n"
    "measured = c.measure()\n"
    "walls = c.enter(write=[own], read=[], slots=2)\n"
    "(own / 'file').write_text('x')\n"
    "try: Path(sys.argv[1], 'outside').write_text('x')\n"
    "except OSError as error: refused = error.errno\n"
    "import resource\n"
    "import colorsys\n"  # a module that is not loaded yet
    "models = [path.name for path in Path(sys.argv[1], 'models').iterdir()]\n"
    "limit = resource.getrlimit(resource.RLIMIT_NPROC)\n"
    "missing = sorted(WALLS_TO_HAVE & walls.missing.keys())\n"
    "print(json.dumps([walls == measured, missing, refused, limit, models]))"
)


def test_a_confined_process_has_its_folder_and_its_modules_and_nothing_else() -> None:
    if refused := probe().landlock:
        pytest.skip(f"this kernel or container has no Landlock ({refused})")
    with home_of_ordinary_user() as home:
        (home / "models").mkdir()
        (home / "models" / "eng").touch()
        output = run_as_ordinary_user(ENTER, str(home), home=home)
        assert json.loads(output) == [True, [], errno.EACCES, [4608, 4608], ["eng"]]
        assert not (home / "outside").exists()


def test_what_a_child_tries_is_known_before_anything_is_given_up() -> None:
    output = output_of(
        IMPORTS + "c = Confinement(namespace='why')\n"
        "walls = c.measure()\n"
        "Path('/proc/self/status').read_text()\n"
        "print(walls.namespace, walls == c.walls, socket.socket().family.name)"
    )
    assert output == "why True AF_INET"


def test_another_process_of_the_same_user_cannot_read_a_hidden_memory() -> None:
    program = (
        IMPORTS + "import subprocess, sys\n"
        "spy = 'import os; open(f\"/proc/{os.getppid()}/environ\").read()'\n"
        "for hide in (lambda: 0, hide_memory):\n"
        "    refused = hide()\n"
        "    done = subprocess.run([sys.executable, '-c', spy], capture_output=True, text=True)\n"
        "    print(refused, 'PermissionError' in done.stderr)\n"
    )
    with home_of_ordinary_user() as home:
        assert run_as_ordinary_user(program, home=home).splitlines() == ["0 False", "0 True"]


def test_the_walls_that_should_stand_are_walls() -> None:
    assert set(Walls().standing) >= WALLS_TO_HAVE
