"""Checks of the files that only Docker and the hosted CI read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.runtime.health import HealthServer

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
MOTO_BRINGS = ("cfn-lint", "cryptography", "jsonschema")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.test.yml").read_text(encoding="utf-8"))
# PyYAML reads YAML 1.1, where a workflow's key `on` is the truth value.
ON = True


def instructions(path: Path) -> list[tuple[str, str]]:
    """(keyword, rest) of every instruction, continued lines joined, without comments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines() if line.strip()]


def stage(name: str) -> dict[str, str]:
    """The last instruction of each kind in a stage of the Dockerfile."""
    found: dict[str, str] = {}
    inside = False
    for keyword, rest in instructions(ROOT / "Dockerfile"):
        if keyword == "FROM":
            inside = rest.endswith(f" AS {name}")
        if inside:
            found[keyword] = rest
    return found


def pins(lock: str) -> dict[str, set[str]]:
    """Package -> its versions (one a Python) in a lock file."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", (LOCKS / lock).read_text(encoding="utf-8"), re.M):
        found.setdefault(name, set()).add(version)
    return found


def project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", one, maxsplit=1)[0].lower() for one in requirements}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for key, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            yield f"{path.name}: {key}", job


def systems(job: dict[str, Any]) -> list[str]:
    """What a job runs on; with a matrix, each that it names."""
    rows = job.get("strategy", {}).get("matrix", {}).get("include", [])
    return [row["runner"] for row in rows] if "matrix.runner" in job["runs-on"] else [job["runs-on"]]


def test_the_worker_is_not_root_and_its_number_says_so() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", stage("worker")["USER"])


def test_a_stop_reaches_the_worker_and_the_shell_is_not_in_between() -> None:
    worker = stage("worker")
    assert json.loads(worker["ENTRYPOINT"]) == [
        "tini",
        "--",
        "cis-worker",
    ]  # -g would signal its children, too
    assert json.loads(worker["CMD"]) == ["run"]
    assert worker["STOPSIGNAL"] == "SIGTERM"


def test_what_the_worker_writes_is_below_one_folder() -> None:
    assert "CIS_WORK_DIR=/tmp" in stage("worker")["ENV"]
    assert stage("worker")["WORKDIR"] == "/tmp"


@pytest.mark.parametrize(("alive", "status"), [(True, 0), (False, 1)])
def test_the_health_check_asks_the_port_that_the_worker_listens_on(alive: bool, status: int) -> None:
    options, _, command = stage("worker")["HEALTHCHECK"].partition("CMD ")
    assert {"--interval", "--timeout", "--start-period", "--retries"} <= set(re.findall(r"--[\w-]+", options))
    assert re.search(r"CIS_HTTP_PORT=[1-9]\d+", stage("worker")["ENV"])

    server = HealthServer(host="127.0.0.1", port=0, ready=lambda: (False, {}), render_metrics=lambda: b"")
    server.start()
    port = server.port
    if not alive:
        server.stop()
    done = subprocess.run(
        [sys.executable, *json.loads(command)[1:]],
        env={"CIS_HTTP_PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    server.stop()
    assert done.returncode == status


def test_the_image_has_the_programs_that_setup_installs_for_reading() -> None:
    setup = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    setup, apart, _ = setup.partition("\nmissing_test_packages() {")
    assert apart, "what only tests need is not for the image"
    wanted = set(re.findall(r"echo ([a-z][\w-]+)$", setup, re.MULTILINE)) - {"python3", "python3-pip", "make"}
    languages = re.search(r"for language in ([\w ]+);", setup)
    assert languages
    wanted |= {f"tesseract-ocr-{language.replace('_', '-')}" for language in languages[1].split()}
    assert len(wanted) >= 7
    assert wanted - set(stage("system")["RUN"].split()) == set()


@pytest.mark.parametrize("path", [ROOT / "Dockerfile", *sorted((ROOT / "docker").glob("*"))], ids=str)
def test_base_images_are_pinned_to_a_version(path: Path) -> None:
    images = [rest.split() for keyword, rest in instructions(path) if keyword == "FROM"]
    stages = {words[2] for words in images if len(words) == 3}
    loose = {words[0] for words in images} - stages
    assert loose
    assert [image for image in loose if not re.search(r":\d+\.\d+", image)] == []


def test_dependencies_enter_the_image_by_their_hashes() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"\bpip\b[^\n]* install [^\n]*", text)
    assert len(installs) >= 4
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run", ("fast", "japanese")),
        ("neural", ("fast", "japanese", "neural")),
        ("home", ("fast", "japanese", "home")),
    ],
)
def test_a_lock_of_the_image_has_what_the_worker_needs_and_nothing_of_other_extras(
    lock: str, wanted: tuple[str, ...]
) -> None:
    there, extras = set(pins(f"{lock}.lock")), project()["optional-dependencies"]
    assert names(project()["dependencies"]) - there == set()
    assert [name for name in wanted if names(extras[name]) - there] == []
    # These come with rapidocr, botocore and moto's server; the tests import them, too.
    shared = {"pyyaml", "urllib3", *(MOTO_BRINGS if "home" in wanted else ())}
    shared |= {name for extra in wanted for name in names(extras[extra])}
    assert [name for name in extras if name not in wanted and (names(extras[name]) - shared) & there] == []


def test_the_image_can_be_built_with_each_of_its_locks() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert stage("build")["ARG"] == "LOCK=run"
    assert "COPY requirements requirements" in text
    assert '"requirements/${LOCK}.lock"' in text


@pytest.mark.parametrize(
    "lock", sorted(path.name for path in LOCKS.glob("*.lock") if path.name != "all.lock")
)
def test_the_smaller_locks_are_cut_out_of_the_lock_of_all(lock: str) -> None:
    whole = pins("all.lock")
    assert {name: versions for name, versions in pins(lock).items() if whole.get(name) != versions} == {}


@pytest.mark.parametrize("lock", sorted(path.name for path in LOCKS.glob("*.lock")))
def test_every_pin_has_a_hash_and_no_lock_names_a_host(lock: str) -> None:
    text = (LOCKS / lock).read_text(encoding="utf-8")
    requirements = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert requirements
    assert [pin.split()[0] for pin in requirements if "--hash=sha256:" not in pin] == []
    assert "://" not in text


def test_only_what_is_named_goes_into_an_image() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    assert [name for name in kept if "*" not in name and not (ROOT / name).exists()] == []


def test_tests_in_containers_wait_for_services_that_are_healthy() -> None:
    services = COMPOSE["services"]
    waited_for = services["worker-tests"]["depends_on"]
    assert set(waited_for) == set(services) - {"worker-tests"} == {"localstack", "opensearch"}
    assert {each["condition"] for each in waited_for.values()} == {"service_healthy"}
    for name in waited_for:
        assert {"test", "interval", "timeout", "retries"} <= set(services[name]["healthcheck"]), name
    assert [name for name, service in services.items() if "mem_limit" not in service] == []


def test_images_and_stages_that_compose_names_exist_and_are_pinned() -> None:
    for service in COMPOSE["services"].values():
        if "image" in service:
            assert re.search(r":\d+\.\d+\.\d+$", service["image"])
        else:
            build = service["build"]
            file = ROOT / build["context"] / build.get("dockerfile", "Dockerfile")
            assert f" AS {build['target']}" in file.read_text() if "target" in build else file.is_file()
    assert "analysis-kuromoji" in (ROOT / "docker" / "opensearch.Dockerfile").read_text(encoding="utf-8")


def test_there_is_a_workflow_for_each_kind_of_check() -> None:
    assert [path.stem for path in WORKFLOWS] == [
        *("e2e", "integration", "nightly", "performance", "quality", "release", "resilience"),
        *("security", "unit"),
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_is_cancelled_by_a_newer_run(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}  # a job of release.yml may more, and says why
    assert workflow["concurrency"]["group"]
    assert "pull_request_target" not in workflow[ON]


@pytest.mark.parametrize(
    ("name", "job"), list(jobs()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_job_has_an_end_and_runs_pinned_actions_without_credentials(name: str, job: dict[str, Any]) -> None:
    assert 0 < job["timeout-minutes"] <= (240 if name.startswith("nightly") else 60)
    assert all(re.search(r"-\d", system) for system in systems(job)), "a named system, not the latest"
    assert "permissions" not in job or name.startswith("release")
    actions = [step for step in job["steps"] if "uses" in step]
    assert [a["uses"] for a in actions if not re.search(r"@[0-9a-f]{40}$", a["uses"])] == []
    checkouts = [a for a in actions if a["uses"].startswith("actions/checkout@")]
    assert [a["with"]["persist-credentials"] for a in checkouts] == [False] * len(checkouts)
    assert checkouts or name == "release.yml: publish"  # it publishes what the others made


def test_workflows_and_hooks_run_what_the_makefile_has() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    runs = [step["run"] for _, job in jobs() for step in job["steps"] if "run" in step]
    called = {target for run in runs for target in re.findall(r"^make ([a-z-]+)", run, re.MULTILINE)}
    wanted = {"check", "lint-files", "test", "compose-test", "bench", "security", "flaky", "wheel"}
    assert wanted <= called <= targets


def test_every_job_but_the_containers_keeps_its_reports() -> None:
    kept = {
        name
        for name, job in jobs()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@") and step.get("if") == "always()"
    }
    without = {name for name, _ in jobs() if not name.startswith("release")} - kept
    assert without == {"integration.yml: compose", "integration.yml: image"}


def test_localstack_is_tested_where_its_python_is_set_up() -> None:
    pythons = {
        name: str(step["with"]["python-version"])
        for name, job in jobs()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/setup-python@")
    }
    assert "3.13" in pythons["integration.yml: servers"]


def test_hooks_run_the_project_s_own_tools() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [h["id"] for h in hooks if not h["entry"].startswith((".venv/bin/", "bash scripts/"))] == []
