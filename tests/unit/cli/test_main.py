"""The command line: its errors, and what it imports for its answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from worker.embedded.moto_process import MotoProcess
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

RUN_LOCK = Path(__file__).parents[3] / "requirements" / "run.lock"
# Our own package is in no lock.
ALWAYS_THERE = {"cis-worker"}
# Each takes a tenth of a second or more of CPU to import.
HEAVY = {
    *("boto3", "botocore", "lxml", "numpy", "openpyxl", "opensearchpy", "PIL"),
    *("prometheus_client", "pydantic_settings", "requests", "structlog"),
}
# Runs the command line, and prints the modules that it imported to standard error.
PRINT_MODULES = """
import sys
from worker.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
# Runs the command line as if the modules named by the first argument were not installed.
WITHOUT_MODULES = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Absent())
from worker.cli.main import main
main()
"""


def _cis_worker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_an_error_the_user_can_meet_is_one_line_without_a_traceback() -> None:
    done = _cis_worker("run")
    assert done.returncode == 2
    assert "CIS_QUEUE_URL" in done.stderr
    assert "[misconfigured]" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_prints_the_help() -> None:
    assert "ingest" in _cis_worker().stderr


def test_the_version_is_that_of_the_package() -> None:
    assert _cis_worker("--version").stdout == f"cis-worker {version('cis-worker')}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    index = SqliteIndex(tmp_path / "index.sqlite3")
    document = Document(
        file_id="f",
        bucket="b",
        key="k",
        file_name="a.txt",
        file_path="/a.txt",
        size_bytes=1,
        file_type=FileType.TEXT,
        state=State.INDEXED,
        pages=(Page(number=1, text="word", source=TextSource.FILE),),
    )
    index.index_document(document, version=1)
    index.close()
    return tmp_path


def _imported_by(*arguments: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules of its process at the end."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    printed, modules = _imported_by(option)
    assert printed
    assert modules & (HEAVY | {"pydantic", "rich"}) == set()


def test_a_search_in_a_home_folder_imports_nothing_heavy(home: Path) -> None:
    printed, modules = _imported_by("search", "word", "--home", str(home))
    assert "1 file" in printed
    assert modules & (HEAVY | {"rich"}) == set()


def test_a_list_of_a_home_folder_imports_nothing_heavy(home: Path) -> None:
    printed, modules = _imported_by("list", "--home", str(home))
    assert printed == "indexed     txt            1 p.  /a.txt\n1 file\n"
    assert modules & (HEAVY | {"rich"}) == set()


def test_what_is_not_found_has_the_status_1_and_its_own_code(home: Path) -> None:
    done = _cis_worker("show", "other.txt", "--home", str(home))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("[not_found]\n")
    assert _cis_worker("show", "a.txt", "--home", str(home / "none")).returncode == 2


def test_an_unknown_command_is_a_usage_error() -> None:
    assert _cis_worker("fly").returncode == 2


@cache
def _not_in_the_image() -> set[str]:
    """The modules here of all distributions that the image's lock does not have."""
    locked = re.findall(r"^([\w.-]+)==", RUN_LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    there = {*locked, *ALWAYS_THERE}
    return {
        module
        for module, distributions in packages_distributions().items()
        if not there & {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
    }


def _cis_worker_in_the_image(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_MODULES, ",".join(_not_in_the_image()), *arguments]
    return subprocess.run(
        command, env=environment or None, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_extras_are_among_what_the_image_lacks() -> None:
    assert {"moto", "reportlab", "pytest", "flask", "yaml"} <= _not_in_the_image()


@pytest.mark.parametrize("command", ["run", "init", "search", "ingest", "demo", "local"])
def test_every_command_prints_its_help_without_the_extras(command: str) -> None:
    done = _cis_worker_in_the_image(command, "--help")
    assert done.returncode == 0, done.stderr


def test_run_without_the_extras_gets_as_far_as_its_settings() -> None:
    assert "CIS_QUEUE_URL" in _cis_worker_in_the_image("run").stderr


def test_init_works_without_the_extras(tmp_path: Path) -> None:
    with MotoProcess(stderr_path=tmp_path / "moto.log") as moto:
        done = _cis_worker_in_the_image(
            "init",
            "--json",
            AWS_ENDPOINT_URL=moto.url,
            AWS_DEFAULT_REGION="ap-northeast-1",
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
        )
    assert done.returncode == 0, done.stderr
    assert all(thing["created"] for thing in json.loads(done.stdout)["made"])


def test_the_demo_without_the_extras_says_what_to_install(tmp_path: Path) -> None:
    done = _cis_worker_in_the_image("demo", "--home", str(tmp_path / "home"))
    assert done.returncode == 2
    assert "pip install 'cis-worker[local]'" in done.stderr
    assert "[misconfigured]" in done.stderr
    assert "Traceback" not in done.stderr
