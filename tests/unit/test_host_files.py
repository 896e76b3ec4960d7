"""What lies in infra/host agrees with the worker, and with itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling import build

from tests.unit.source_file import ROOT
from worker.config import Settings, environment_name

pytestmark = pytest.mark.unit

HOST = ROOT / "infra/host"
# What fleet.yaml fills in.
PARAMETERS = {
    *("AWS::Region", "AWS::URLSuffix", "PackageUrl", "ImageUri", "LogGroupName", "WorkerSettings"),
    *("QueueUrl", "DeadLetterQueueUrl", "ResultsBucketName", "TableName", "SourceBucketName"),
    *("SearchEndpoint", "BedrockRegion"),
}


def unit(name: str) -> dict[str, dict[str, str]]:
    """The sections of a unit; names that are set more than once have a line each."""
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in re.sub(r"\\\n\s*", "", (HOST / name).read_text(encoding="utf-8")).splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section[key] = f"{section[key]}\n{value}" if key in section else value
    return sections


SERVICE = unit("cis-worker.service")["Service"]


def test_systemd_waits_for_the_workers_own_shutdown_timeout_and_little_more() -> None:
    budget_s = Settings.model_fields["stop_budget_s"].default
    assert budget_s + 5 <= int(SERVICE["TimeoutStopSec"]) <= budget_s + 30


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("User", "cis-worker"),
        ("ProtectSystem", "strict"),
        ("PrivateTmp", "yes"),
        ("NoNewPrivileges", "yes"),
        ("KillMode", "mixed"),
        ("Restart", "always"),
        ("OOMPolicy", "continue"),
    ],
)
def test_the_unit_has_what_the_operator_relies_on(name: str, value: str) -> None:
    assert SERVICE[name] == value


def test_the_limits_are_set_and_namespaces_left_to_the_readers() -> None:
    assert {"MemoryMax", "TasksMax", "WatchdogSec", "TemporaryFileSystem"} <= set(SERVICE)
    assert "RestrictNamespaces" not in SERVICE
    assert unit("cis-worker.service")["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_unit_lets_the_worker_see_the_use_of_its_readers() -> None:
    # They are not dumpable: hidden from their own user, too, and a reader that spins would never be ended.
    assert SERVICE["ProtectProc"] == "default"
    assert "ProcSubset" not in SERVICE


def test_the_work_folder_is_in_memory_and_the_state_folder_outlives_the_process() -> None:
    environment = dict(
        each.split("=", 1) for line in SERVICE["Environment"].splitlines() for each in line.split()
    )
    assert SERVICE["TemporaryFileSystem"].split(":")[0] == environment["CIS_WORK_DIR"]
    assert environment["CIS_STATE_DIR"] == f"/run/{SERVICE['RuntimeDirectory']}"
    assert SERVICE["RuntimeDirectoryPreserve"] == "restart"
    assert set(environment) - {"HOME", "PYTHONDONTWRITEBYTECODE", "GLIBC_TUNABLES"} <= {
        environment_name(field) for field in Settings.model_fields
    }


def test_the_image_runs_under_the_same_settings_and_only_its_files_differ() -> None:
    drop_in = unit("cis-worker-image.conf")["Service"]
    assert set(drop_in) == {"RootDirectory", "BindReadOnlyPaths", "Environment"}
    unpack = unit("cis-worker-image.service")["Service"]["ExecStart"].split()
    assert unpack[-1] == drop_in["RootDirectory"]


@pytest.mark.parametrize(
    "image", ["worker:latest", "worker", "r/worker@sha256:abc", f"worker:1@sha256:{'g' * 64}"]
)
def test_an_image_that_is_not_pinned_by_its_digest_is_refused(image: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", HOST / "unpack-image", image, tmp_path / "root"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 2
    assert "names no digest" in done.stderr
    assert list(tmp_path.iterdir()) == []


DOCKER = """#!/bin/bash
# In place of Docker: its images have one file, which names them.
echo "$*" >>"$LOG"
case $1 in
  create) echo "c-$2" ;;
  export) cd "$(mktemp -d)" && echo "$2" >name && tar --create name ;;
esac
"""


def test_an_image_is_unpacked_once_for_each_digest(tmp_path: Path) -> None:
    programs, root = tmp_path / "programs", tmp_path / "state/root"
    programs.mkdir()
    root.parent.mkdir()
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")}
    images = [f"registry/worker@sha256:{digit * 64}" for digit in "aab"]
    for image in images:
        subprocess.run(["bash", HOST / "unpack-image", image, root], timeout=60, check=True, env=environment)
        assert (root / "name").read_text(encoding="utf-8") == f"c-{image}\n"
    calls = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [call for call in calls if call.startswith("pull")] == [
        f"pull --quiet {image}" for image in (images[0], images[2])
    ]
    # Places that the unit mounts something at.
    assert (root / "var/lib/cis-worker/work").is_dir()
    assert (root / "etc/resolv.conf").is_file()
    assert sorted(path.name for path in root.parent.iterdir()) == ["root", "root.digest"]


def test_the_agent_ships_the_file_that_the_journal_is_written_to() -> None:
    agent = json.loads((HOST / "cloudwatch-agent.json").read_text(encoding="utf-8"))
    journal = unit("cis-worker-journal.service")["Service"]
    path = journal["StandardOutput"].removeprefix("append:")
    collected = agent["logs"]["logs_collected"]
    entries = [*collected["files"]["collect_list"], *collected["journald"]["collect_list"]]
    assert {entry["log_group_name"] for entry in entries} == {"LOG_GROUP"}
    assert path in {entry.get("file_path") for entry in entries}
    assert f"--identifier={SERVICE['SyslogIdentifier']}" in journal["ExecStart"].split()
    assert path in (HOST / "logrotate.conf").read_text(encoding="utf-8")
    # One event, one stream: no two writers, whose events would be out of order.
    assert len({entry["log_stream_name"] for entry in entries}) == len(entries)


def user_data() -> str:
    """The template."""
    return (HOST / "user-data.sh").read_text(encoding="utf-8")


def test_the_user_data_names_only_what_the_template_of_the_fleet_fills_in() -> None:
    assert set(re.findall(r"\$\{([^}]*)\}", user_data())) == PARAMETERS


def test_the_filled_in_user_data_is_a_script_that_fits_ec2(tmp_path: Path) -> None:
    script = tmp_path / "user-data.sh"
    script.write_text(re.sub(r"\$\{([^}]*)\}", r"x-\1", user_data()), encoding="utf-8")
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(user_data().encode()) < 12 * 1024  # of 16 KB, with room for values


def test_the_settings_it_writes_are_settings() -> None:
    names = re.findall(r"^((?:CIS|AWS|OPENSEARCH)_[A-Z_]+)=", user_data(), re.MULTILINE)
    known = {environment_name(field) for field in Settings.model_fields}
    assert set(names) <= known
    assert {"CIS_QUEUE_URL", "CIS_DLQ_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE"} <= set(names)


def test_it_installs_only_files_that_are_there() -> None:
    named = set(re.findall(r"\$host/([a-z][a-z.-]*[a-z])", user_data()))
    assert named == {path.name for path in HOST.iterdir()} - {"user-data.sh"}


def test_the_wheel_carries_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path)))
    carried = {Path(name).name for name in wheel.namelist() if "/share/cis-worker/host/" in name}
    assert carried == {path.name for path in HOST.iterdir()}
