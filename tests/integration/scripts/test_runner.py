"""`scripts/test` on a small project of its own: what it runs, prints, leaves behind, and its exit status."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.suite.junit import read_run
from scripts.suite.place import ROOT

pytestmark = pytest.mark.integration

FILES = {
    "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
addopts = "--import-mode=importlib"
[tool.coverage.run]
branch = true
source = ["worker"]
parallel = true
[tool.cis-worker.coverage-floors]
"worker/alpha/queue.py" = 90
""",
    "scripts/setup.sh": 'echo "set up: $*"\n',
    "worker/__init__.py": "",
    "worker/alpha/__init__.py": "",
    "worker/beta/__init__.py": "",
    "worker/alpha/queue.py": """
def sign(number: int) -> int:
    if number < 0:
        return -1
    return 1
""",
    "tests/unit/alpha/test_queue.py": """
import os
from worker.alpha.queue import sign

def test_positive_sign():
    assert sign(3) == 1

def test_environment():
    assert os.environ.get("TEST_OPENSEARCH_URL", "") == os.environ.get("WANTED", "")
""",
    "tests/e2e/test_whole.py": """
import pytest

def test_passes():
    pass

@pytest.mark.parametrize("number", [1, 2])
def test_fails(number):
    assert not number
""",
    "tests/modules.toml": 'beta = ["tests/e2e/test_whole.py"]\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "scripts" / "suite", folder / "scripts" / "suite")
    shutil.copy2(ROOT / "scripts" / "test", folder / "scripts" / "test")
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "pytest"):
        (folder / ".venv" / "bin" / name).write_text(
            f'#!/bin/sh\nexec {sys.executable} {"-m pytest" if name == "pytest" else ""} "$@"\n',
            encoding="utf-8",
        )
        (folder / ".venv" / "bin" / name).chmod(0o755)
    return folder


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The runner from another folder, without what the run of this test has set."""
    unwanted = ("AWS_", "COV", "GITHUB", "OPENSEARCH", "PYTEST", "TEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return subprocess.run(
        [str(project / "scripts" / "test"), *arguments],
        cwd=project.parent,
        env={**inherited, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def results(project: Path) -> dict[str, bool]:
    """Test -> whether it failed, from the report."""
    return {name: one.has_failed for name, one in read_run(project / "reports" / "junit.xml").results.items()}


def test_modules_are_listed_one_a_line_without_any_set_up(project: Path) -> None:
    done = run(project, "--list-modules")
    assert (done.returncode, done.stdout, done.stderr) == (0, "alpha\t1\nbeta\t1\n", "")


def test_a_module_is_run_wherever_its_tests_are_and_up_to_its_first_failure(project: Path) -> None:
    done = run(project, "--module", "beta", "--failfast", "--verbose", "--", "-n0")
    assert done.returncode == 1
    assert results(project) == {
        "tests/e2e/test_whole.py::test_passes": False,
        "tests/e2e/test_whole.py::test_fails[1]": True,
    }
    assert "test_whole.py::test_fails[1] FAILED" in done.stdout
    assert "set up: servers" in done.stdout


def test_options_combine_and_leave_reports(project: Path) -> None:
    done = run(project, "--module", "alpha", "--pattern", "sign", "--coverage", "--", "-n0")
    assert (done.returncode, list(results(project))) == (
        0,
        ["tests/unit/alpha/test_queue.py::test_positive_sign"],
    )
    assert (project / "reports" / "coverage" / "index.html").is_file()
    assert "worker/alpha/queue.py" in done.stdout
    assert "coverage floor" not in done.stdout, "they say nothing about a part of the suite"


def test_the_whole_suite_with_coverage_fails_below_a_floor_in_one_run(project: Path) -> None:
    (project / "tests" / "e2e" / "test_whole.py").unlink()
    done = run(project, "--coverage", "--", "-n0", "--cov-report=")
    assert done.returncode == 1
    assert "2 passed" in done.stdout
    assert (
        "coverage floor: worker/alpha/queue.py: 66.66 % covered, the floor is 90 %; missing: 4" in done.stdout
    )
    assert done.stdout.count("test session starts") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--module", "alhpa"), "no module 'alhpa' in worker/. Did you mean alpha?"),
        (
            ("--module", "alpha", "--pattern", "nothing", "--", "-n0"),
            "no test matches --module 'alpha' and --pattern 'nothing'",
        ),
    ],
    ids=["module", "pattern"],
)
def test_what_is_not_there_is_said_in_one_line(project: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(project, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"scripts/test: {words}")
    assert done.stderr.count("\n") == 1


def test_without_servers_the_integration_mode_runs_nothing(project: Path) -> None:
    done = run(project, "--integration", OPENSEARCH_ENDPOINT="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(" is ")[0] for line in done.stderr.splitlines()] == ["scripts/test: AWS_ENDPOINT_URL"]


DOCKER = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in
  *"run --build"*) exit {status} ;;
  info*|"compose version") {health} ;;
esac
"""


def put_docker(project: Path, *, status: int = 0, health: str = "exit 0") -> dict[str, str]:
    """A `docker` that writes down how it was called, first on the PATH."""
    program = project / "programs" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(calls=project / "calls", status=status, health=health), encoding="utf-8")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def test_in_containers_the_same_pytest_runs_and_the_servers_end_after_it(project: Path) -> None:
    environment = put_docker(project, status=1)
    done = run(project, "--container", "--module", "beta", "--pattern", "passes", **environment)
    *_, tests, down = (project / "calls").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 1
    assert tests.startswith("compose --file docker-compose.test.yml run --build --rm worker-tests pytest ")
    assert "-k passes tests/e2e/test_whole.py" in tests
    assert down == "compose --file docker-compose.test.yml down --volumes"


def test_a_docker_that_does_not_run_is_named_with_what_to_do(project: Path) -> None:
    environment = put_docker(project, health='case "$1" in info) echo "no daemon" >&2; exit 1 ;; esac')
    done = run(project, "--container", **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("scripts/test: --container needs a running Docker, which says: no daemon")


def test_without_docker_the_container_mode_says_so(project: Path) -> None:
    programs = project / "programs"
    programs.mkdir()
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    done = run(project, "--container", PATH=str(programs))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--container needs Docker, and no `docker` is on the PATH" in done.stderr
