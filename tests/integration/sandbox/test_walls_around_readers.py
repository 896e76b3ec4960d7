"""What a reader that was taken over can reach, tried by a stand-in for Tesseract inside one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.integration.sandbox.conftest import fork_server, options
from tests.stand_ins.other_systems import home_of_ordinary_user, run_as_ordinary_user
from worker.models.page import Page
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

# It reports for each attack whether it succeeded, or the errno; then it is Tesseract again.
_TAKEN_OVER = """#!{python}
import ctypes, json, os, resource, signal, socket, sys
worker, fork_server, victim, outside, neighbour, listener = json.loads({targets!r})
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def connect():
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(listener)

def send():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
        plain.sendto(b"x", listener + ".datagrams")

attacks = dict(
    environment_of_the_worker=lambda: open(f"/proc/{{worker}}/environ", "rb").read(1),
    memory_of_the_worker=lambda: open(f"/proc/{{worker}}/mem", "rb").close(),
    environment_of_the_fork_server=lambda: open(f"/proc/{{fork_server}}/environ", "rb").read(1),
    files_of_the_worker=lambda: os.readlink(f"/proc/{{worker}}/fd/0"),
    trace=lambda: call({ptrace}, 16, worker, 0, 0),
    signal_to_the_worker=lambda: os.kill(worker, 0),
    signal_to_the_fork_server=lambda: os.kill(fork_server, 0),
    signal_to_another=lambda: os.kill(victim, signal.SIGKILL),
    signal_to_all=lambda: os.kill(-1, 0),
    limits_of_the_worker=lambda: resource.prlimit(worker, resource.RLIMIT_CORE),
    priority_of_the_worker=lambda: os.setpriority(os.PRIO_PROCESS, worker, 19),
    reading_outside=lambda: open(outside + "/secret").read(),
    listing_outside=lambda: os.listdir(outside),
    reading_a_neighbour=lambda: open(neighbour + "/original").read(),
    writing_outside=lambda: open(outside + "/planted", "w").close(),
    deleting_outside=lambda: os.unlink(outside + "/secret"),
    making_a_folder_outside=lambda: os.mkdir(outside + "/folder"),
    writing_in_shared_memory=lambda: open("/dev/shm/planted-by-a-reader", "w").close(),
    passwords=lambda: open("/etc/shadow").read(),
    internet=lambda: socket.socket(socket.AF_INET).close(),
    packets=lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    daemon=connect,
    log_daemon=send,
    namespace=lambda: call({unshare}, 0x10000000),
)
results = {{}}
for name, attack in attacks.items():
    try:
        attack()
        results[name] = "succeeded"
    except OSError as error:
        results[name] = error.errno
with open(os.path.join(os.getcwd(), "..", "report"), "w") as file:
    json.dump(results, file)
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""
_NUMBERS = {"x86_64": {"ptrace": 101, "unshare": 272}, "aarch64": {"ptrace": 117, "unshare": 97}}


def _scan(folder: Path) -> ExtractionRequest:
    folder.mkdir(parents=True)
    page = Image.new("L", (900, 700), 255)
    ImageDraw.Draw(page).text((100, 100), "HELLO", fill=0, font_size=90)
    page.save(folder / "original", format="png")
    return ExtractionRequest(path=folder / "original", name="a.png", folder=folder)


def _install(programs: Path, targets: object) -> None:
    link = programs / "tesseract"
    real = str(link.resolve())
    link.unlink()
    numbers = _NUMBERS[os.uname().machine]
    link.write_text(
        _TAKEN_OVER.format(python=sys.executable, targets=json.dumps(targets), real=real, **numbers)
    )
    link.chmod(0o755)


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that is none of the worker's."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_reader_that_is_taken_over_reaches_nothing_outside_its_document(
    start: Callable[..., Sandbox], programs: Path, tmp_path: Path, victim: subprocess.Popen[bytes]
) -> None:
    outside, listener = tmp_path / "outside", str(tmp_path / "listener")
    outside.mkdir()
    (outside / "secret").write_text("secret")
    neighbour = _scan(tmp_path / "work" / "neighbour")
    sandbox = start(options(), {"PATH": str(programs)})
    with socket.socket(socket.AF_UNIX) as daemon, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        daemon.bind(listener)
        daemon.listen()
        log.bind(f"{listener}.datagrams")
        server = fork_server(tmp_path / "work").pid
        targets = (os.getpid(), server, victim.pid, str(outside), str(neighbour.folder), listener)
        _install(programs, targets)
        with sandbox.open(_scan(tmp_path / "work" / "1")) as run:
            run.detect()
            run.go()
            events: list[Event] = []
            while not isinstance(event := run.next(200), ReadingEnded):
                assert event is not None, f"no end, only {events}"
                events.append(event)
    assert [page.text.strip() for page in events if isinstance(page, Page)] == ["HELLO"], "it still reads"
    results = json.loads((tmp_path / "work" / "1" / "report").read_text())
    scoped = "signals" in sandbox.walls.standing
    allowed = set() if scoped else {name for name in results if "signal" in name}
    if "landlock" in sandbox.walls.missing:
        pytest.skip(f"this kernel or container has no Landlock ({sandbox.walls.landlock})")
    assert {name for name, result in results.items() if result == "succeeded"} - allowed == set()
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert allowed or victim.poll() is None


_READ_AS_USER = """
import json, os, shutil, subprocess, sys, threading
from dataclasses import asdict
from pathlib import Path
from tests.stand_ins.reading import fork_servers, options, pages, picture, read, request
from worker.config import sandbox_environment
from worker.sandbox.scheduler import Sandbox
root = Path(sys.argv[1]) / "work"
sandbox = Sandbox(options=options(), slots=2, work_root=root, environment=sandbox_environment())
sandbox.start()
threading.Thread(target=lambda: [sandbox.step(0.05) for _ in iter(int, 1)], daemon=True).start()
texts = []
files = [("a.txt", b"plain text"), ("a.tif", picture(root, frames=2))]
# Root running LibreOffice under a private umask has left a folder there that shuts other users out.
shared = "/var/spool/libreoffice/uno_packages/cache/uno_packages"
has_office = bool(shutil.which("soffice")) and (os.access(shared, os.R_OK) or not os.path.exists(shared))
if has_office:
    files.append(("a.rtf", rb"{\\rtf1 from LibreOffice}"))
for name, data in files:
    with sandbox.open(request(root, name, data)) as run:
        run.detect()
        run.go()
        texts += sorted(page.text.strip() for page in pages(read(run)))
spy = "open('/proc/' + __import__('sys').argv[1] + '/environ').read()"
(server,) = fork_servers()
done = subprocess.run([sys.executable, "-c", spy, str(server.pid)], capture_output=True, text=True)
print(json.dumps([os.getuid(), has_office, texts, asdict(sandbox.walls), done.stderr.splitlines()[-1:]]))
sandbox.close()
"""


def test_an_ordinary_user_has_the_walls_and_still_reads_its_files() -> None:
    with home_of_ordinary_user() as home:
        output = run_as_ordinary_user(_READ_AS_USER, str(home), home=home)
    user, has_office, texts, walls, spied = json.loads(output.splitlines()[-1])
    assert user != 0
    converted = ["from LibreOffice"] if has_office else []
    assert texts == ["plain text", "HELLO 1", "HELLO 2", *converted]
    assert walls["seccomp"] == walls["non_dumpable"] == walls["processes"] == ""
    assert "PermissionError" in spied[0], "a process of the same user reads the fork server's environment"


def test_the_worker_process_hides_its_environment() -> None:
    program = (
        "import subprocess, sys\n"
        "from worker.app import run\n"
        "from worker.config import load_settings\n"
        "from worker.errors import MisconfiguredError\n"
        "names = ('queue_url', 'dlq_url', 'results_bucket', 'file_table')\n"
        "settings = load_settings(languages=('tlh',), work_dir=sys.argv[1], **dict.fromkeys(names, 'x'))\n"
        "try: run(settings)\n"
        "except MisconfiguredError: pass\n"
        "spy = 'import os; print(open(f\"/proc/{os.getppid()}/environ\").read())'\n"
        "done = subprocess.run([sys.executable, '-c', spy], capture_output=True, text=True)\n"
        "print('SECRET' in done.stdout, 'PermissionError' in done.stderr)\n"
    )
    with home_of_ordinary_user() as home:
        assert run_as_ordinary_user(program, str(home), home=home).splitlines()[-1] == "False True"


def test_nothing_is_imported_from_the_folder_that_readers_write_to(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "selectors.py").write_text(f"open({str(tmp_path / 'planted')!r}, 'w')\n")
    start(options())
    assert not (tmp_path / "planted").exists()
