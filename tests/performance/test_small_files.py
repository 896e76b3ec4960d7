"""What a small document may cost: counts of what is done for it, which no busy machine changes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.conftest import options
from worker.config import sandbox_environment
from worker.sandbox.confinement import Confinement
from worker.sandbox.fork_server_client import ForkServerClient
from worker.sandbox.landlock import Place
from worker.sandbox.protocol import BeginReading, ExtractionRequest, SpawnRequest, to_json

pytestmark = pytest.mark.performance

ROOT = Path(__file__).parents[2]
TEXT = ("第1号 営業報告、売上は前年について確認です。report 2025\n" * 40).encode()[:2_048]
TEXTS = {
    "a.txt": TEXT,
    "a.csv": "番号,品名\n1,ねじ\n".encode("cp932"),
    "a.json": b'{"a": 1}',
    "a.html": "<!doctype html><p>報告".encode(),
}

# As the fork server does it: import, warm up, fork; the child reads one document and says what that took.
_CHILD = """
import json, os, resource, socket, sys, threading
from pathlib import Path
from tests.integration.sandbox.conftest import options
from worker.sandbox import fork_server
from worker.sandbox.channel import Channel
from worker.sandbox.document_process import main
from worker.sandbox.forks.warm_up import warm_up
from worker.sandbox.protocol import BeginReading, ExtractionRequest, SpawnRequest, to_json

folder, names = Path(sys.argv[1]), sys.argv[2:]

def read(name):
    place = folder / "document"
    place.mkdir(exist_ok=True)
    (place / "original").write_bytes((folder / name).read_bytes())
    request = ExtractionRequest(path=place / "original", name=name, folder=place)
    reader, writer = os.pipe()
    if not os.fork():
        began = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        known, started = set(sys.modules), []
        start = threading.Thread.start
        threading.Thread.start = lambda thread: (started.append(thread.name), start(thread))
        ours, theirs = socket.socketpair()
        Channel(ours).send(to_json(BeginReading(skip=(), preview=True)))
        main(Channel(theirs), SpawnRequest(document=request, slots=2, options=options()))
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - began
        found = {"modules": sorted(set(sys.modules) - known), "threads": started, "faults": faults}
        os.write(writer, json.dumps(found).encode())
        os._exit(0)
    os.wait()
    return json.loads(os.read(reader, 65536))

cold = read(names[0])
warm_up(folder)
print(json.dumps({"cold": cold, **{name: read(name) for name in names}}))
"""


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a reader of each small text did after the fork, and what the first did without the warm-up."""
    folder = tmp_path_factory.mktemp("readers")
    for name, data in TEXTS.items():
        (folder / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), *TEXTS], cwd=ROOT, check=True, capture_output=True
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[ForkServerClient]:
    client = ForkServerClient(work_root=tmp_path / "work", environment=sandbox_environment())
    client.start()
    yield client
    client.close()


@pytest.mark.parametrize("name", TEXTS)
def test_a_reader_of_a_small_text_imports_nothing_and_starts_no_thread(
    readers: dict[str, dict[str, Any]], name: str
) -> None:
    assert (readers[name]["modules"], readers[name]["threads"]) == ([], [])


def test_a_reader_finds_warm_what_every_reader_needs(readers: dict[str, dict[str, Any]]) -> None:
    """Page faults are copies of the fork server's memory, and the first touch of the child's own."""
    # libmagic's database and patterns alone are as many pages as all the rest.
    assert readers["a.txt"]["faults"] < 0.7 * readers["cold"]["faults"], readers


def test_a_small_document_is_one_process_that_ends_by_itself(
    fork_server: ForkServerClient, tmp_path: Path
) -> None:
    """No message to kill it, which would wake the fork server once more."""
    path = tmp_path / "original"
    path.write_bytes(TEXT)
    document = ExtractionRequest(path=path, name="a.txt", folder=tmp_path)
    channel = fork_server.spawn("1", SpawnRequest(document=document, slots=2, options=options()))
    kinds = [channel.receive()["kind"]]
    channel.send(to_json(BeginReading(skip=(), preview=True)))
    messages = [channel.receive() for _ in range(4)]
    kinds += [message["kind"] for message in messages]
    assert kinds == ["TypeDetected", "DocumentOpened", "PageExtracted", "AllPagesListed", "PreviewDone"]
    # Beside the text, the names of the fields.
    beside_bytes = len(json.dumps(messages, ensure_ascii=False).encode()) - len(TEXT)
    assert beside_bytes < 600
    assert fork_server.channel is not None
    started, ended = fork_server.channel.receive(), fork_server.channel.receive()
    assert (started["kind"], ended["kind"], ended["code"]) == ("ChildStarted", "ChildExited", 0)


def test_no_place_that_readers_may_read_is_below_another() -> None:
    """Each is a system call in every reader."""
    places = [Path(f"/proc/self/fd/{place.descriptor}").resolve() for place in _places()]
    assert [place for place in places if any(other in place.parents for other in places)] == []


def _places() -> tuple[Place, ...]:
    return Confinement(namespace="", more_to_read=["/usr/share", "/usr/lib/locale"])._places
