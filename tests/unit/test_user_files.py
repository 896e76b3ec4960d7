"""Checks of the files that users start from: compose.yml, worker.env.example, what a release is made of."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.config import Settings, environment_name

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))
EXAMPLE = (ROOT / "worker.env.example").read_text(encoding="utf-8")
RELEASE = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
SETTINGS = {environment_name(field) for field in Settings.model_fields}
# Read by boto3 itself (docs/configuration.md).
OF_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"}


def example(*, with_comments: bool) -> dict[str, str]:
    """Name -> value of the example; with those that are commented out, too."""
    pattern = r"^#?([A-Z][A-Z0-9_]*)=(.*)$" if with_comments else r"^([A-Z][A-Z0-9_]*)=(.*)$"
    return dict(re.findall(pattern, EXAMPLE, re.MULTILINE))


def settings_from(values: dict[str, str]) -> Settings:
    fields = {environment_name(field): field for field in Settings.model_fields}
    return Settings(**{fields[name]: value for name, value in values.items()})  # type: ignore[arg-type]


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = RELEASE["jobs"][job]["steps"]
    return found


def test_every_name_in_the_example_is_a_setting_and_named_once() -> None:
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE)
    assert len(names) > 15
    assert sorted(names) == sorted(set(names))
    assert set(names) - SETTINGS == set()


def test_every_value_in_the_example_is_accepted() -> None:
    values = example(with_comments=True)
    settings = settings_from(values)
    assert settings.queue_url == values["CIS_QUEUE_URL"]
    assert settings.languages == ("jpn", "eng")
    assert settings.opensearch_auth == "sigv4"


def test_the_example_has_all_that_a_worker_cannot_start_without() -> None:
    settings = settings_from(example(with_comments=False))
    assert all((settings.queue_url, settings.dlq_url, settings.results_bucket, settings.file_table))
    assert settings.index == "opensearch"
    assert settings.opensearch_endpoint


def test_docker_systemd_and_a_shell_read_the_same_values() -> None:
    """Docker takes quotes literally, a shell splits at spaces: neither may occur."""
    for name, value in example(with_comments=True).items():
        assert shlex.split(value) == ([value] if value else []), name
        assert not re.search(r"[\"'$`\\#]", value), name


def test_the_example_has_no_secret() -> None:
    secret = re.compile("KEY|PASSWORD(?!S_SECRET)|TOKEN")
    assert [name for name in example(with_comments=True) if secret.search(name)] == []


@pytest.mark.parametrize("service", ["worker", "init"])
def test_the_settings_in_compose_exist_and_are_accepted(service: str) -> None:
    values = COMPOSE["services"][service]["environment"]
    assert set(values) - SETTINGS - OF_BOTO3 == set()
    settings = settings_from({name: value for name, value in values.items() if name in SETTINGS})
    assert not settings.is_on_aws
    assert settings.image_model == ""


def test_compose_names_the_services_by_their_addresses_on_its_network() -> None:
    services, settings = COMPOSE["services"], COMPOSE["x-settings"]
    assert set(services) == {"worker", "init", "aws", "opensearch"}
    for name in ("AWS_ENDPOINT_URL", "CIS_QUEUE_URL", "CIS_DLQ_URL"):
        assert settings[name].startswith("http://aws:4566")
    assert settings["OPENSEARCH_ENDPOINT"] == "http://opensearch:9200"


def test_ports_are_published_to_this_machine_only() -> None:
    """The stand-ins have no password."""
    published = {name: service.get("ports", []) for name, service in COMPOSE["services"].items()}
    assert published == {
        "worker": ["127.0.0.1:8080:8080"],
        "init": [],
        "aws": ["127.0.0.1:4566:4566"],
        "opensearch": ["127.0.0.1:9200:9200"],
    }
    assert COMPOSE["services"]["worker"]["environment"]["CIS_HTTP_PORT"] == "8080"


def test_the_worker_waits_for_what_it_needs_and_may_stop_in_its_time() -> None:
    services = COMPOSE["services"]
    assert services["worker"]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    healthy = {"condition": "service_healthy"}
    assert services["init"]["depends_on"] == {"aws": healthy, "opensearch": healthy}
    assert services["init"]["command"] == ["init"]
    grace_s = int(services["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace_s > Settings.model_fields["stop_budget_s"].default
    assert [name for name, service in services.items() if "mem_limit" not in service] == []


def test_compose_confines_the_worker_as_the_page_says() -> None:
    page = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    assert "--read-only --tmpfs /tmp:size=4g --cap-drop ALL --security-opt no-new-privileges" in page
    for name in ("worker", "init"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"][0].startswith("/tmp:")


def test_both_compose_files_have_the_same_servers() -> None:
    tests = yaml.safe_load((ROOT / "docker-compose.test.yml").read_text(encoding="utf-8"))["services"]
    assert COMPOSE["services"]["aws"]["image"] == tests["localstack"]["image"]
    assert COMPOSE["services"]["opensearch"]["build"] == tests["opensearch"]["build"]


def test_a_release_is_made_by_a_tag_and_has_all_its_parts() -> None:
    assert RELEASE[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}  # YAML 1.1 reads `on` as true
    runs = "\n".join(step.get("run", "") for job in RELEASE["jobs"] for step in steps(job))
    uses = [
        step["uses"].partition("@")[0] for job in RELEASE["jobs"] for step in steps(job) if "uses" in step
    ]
    assert "make wheel" in runs
    assert "--sbom=true --provenance=mode=max" in runs
    assert "gh release create" in runs
    assert uses.count("actions/attest-build-provenance") == 2  # the wheel, the image
    assert "actions/attest-sbom" in uses


def test_a_release_s_image_is_built_for_both_architectures_on_machines_of_their_kind() -> None:
    rows = RELEASE["jobs"]["image"]["strategy"]["matrix"]["include"]
    assert {row["architecture"]: row["runner"] for row in rows} == {
        "amd64": "ubuntu-24.04",
        "arm64": "ubuntu-24.04-arm",
    }


def test_only_the_job_that_publishes_may_write_the_repository() -> None:
    writes = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in RELEASE["jobs"].items()
    }
    assert writes == {
        "wheel": {"id-token", "attestations"},
        "image": {"packages"},
        "publish": {"contents", "packages", "id-token", "attestations"},
    }


def test_every_supported_python_is_tested() -> None:
    unit = yaml.safe_load((ROOT / ".github" / "workflows" / "unit.yml").read_text(encoding="utf-8"))
    assert unit["jobs"]["unit"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert named == unit["jobs"]["unit"]["strategy"]["matrix"]["python"]


def test_dependabot_looks_after_python_actions_and_images() -> None:
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {update["package-ecosystem"] for update in config["updates"]} == {
        *("github-actions", "docker", "docker-compose", "pip"),
    }
    pip = next(update for update in config["updates"] if update["package-ecosystem"] == "pip")
    assert pip["directories"] == ["/", "/scripts"]
    assert (ROOT / "scripts" / "lint-requirements.txt").exists()
