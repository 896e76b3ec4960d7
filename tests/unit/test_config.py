"""Settings: defaults for a laptop, the environment over them, and faults named by their variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.config import (
    Settings,
    child_environment,
    environment_name,
    load_settings,
    require,
    sandbox_environment,
    user_cache_folder,
)
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _only_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("CIS_", "AWS_"))]:
        monkeypatch.delenv(name)


def test_without_any_variable_a_laptop_can_start() -> None:
    settings = load_settings()
    cores = len(os.sched_getaffinity(0))
    assert (settings.slots, settings.max_documents) == (cores, 2 * cores + 2)
    assert (settings.visibility_s, settings.stop_budget_s, settings.max_failures) == (120, 110.0, 3)
    assert settings.languages == ("jpn", "eng")
    assert (settings.image_model, settings.text_model) == ("amazon.titan-embed-image-v1", "")
    assert settings.metadata_endpoint == "http://169.254.169.254"
    assert settings.source_buckets == ()


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("CIS_QUEUE_URL", "http://127.0.0.1:9/q", "queue_url", "http://127.0.0.1:9/q"),
        ("CIS_SOURCE_BUCKETS", "nas, nas-2 ,,", "source_buckets", ("nas", "nas-2")),
        ("CIS_LANGUAGES", "eng", "languages", ("eng",)),
        ("CIS_SQLITE_PATH", "/srv/index.db", "sqlite_path", Path("/srv/index.db")),
        ("CIS_STOP_BUDGET_S", "15", "stop_budget_s", 15.0),
        ("CIS_EMBED_PDF_PICTURES", "true", "embed_pdf_pictures", True),
        ("CIS_HTTP_PORT", "8080", "http_port", 8080),
        ("CIS_IMAGE_MODEL", "", "image_model", ""),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "http://127.0.0.1:9",
            "metadata_endpoint",
            "http://127.0.0.1:9",
        ),
    ],
)
def test_a_variable_sets_its_field(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, field: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(load_settings(), field) == value
    assert environment_name(field) == variable


@pytest.mark.parametrize("variable", ["CIS_HTTP_PORT", "CIS_SQLITE_PATH", "CIS_LANGUAGES", "CIS_SLOTS"])
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "")
    assert load_settings() == Settings()


def test_arguments_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_SLOTS", "7")
    monkeypatch.setenv("CIS_IMAGE_MODEL", "")
    settings = load_settings(slots=2, image_model="mine", metadata_endpoint="http://127.0.0.1:9")
    assert (settings.slots, settings.image_model) == (2, "mine")
    assert settings.metadata_endpoint == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"CIS_VISIBILITY_S": "5"}, ["CIS_VISIBILITY_S: "]),
        ({"CIS_VISIBILITY_S": "soon"}, ["CIS_VISIBILITY_S: "]),
        ({"CIS_POLL_WAIT_S": "21"}, ["CIS_POLL_WAIT_S: "]),
        ({"CIS_LANGUAGES": " , "}, ["CIS_LANGUAGES: ", "jpn,eng"]),
        ({"CIS_INDEX": "paper"}, ["CIS_INDEX: "]),
        ({"CIS_STOP_BUDGET_S": "nan"}, ["CIS_STOP_BUDGET_S: "]),
        (
            {"CIS_PAGE_TIMEOUT_S": "600", "CIS_DOCUMENT_TIMEOUT_S": "60"},
            ["Wrong settings: CIS_PAGE_TIMEOUT_S (600)", "CIS_DOCUMENT_TIMEOUT_S"],
        ),
        ({"CIS_HTTP_PORT": "65536", "CIS_SLOTS": "0"}, ["CIS_HTTP_PORT: ", "CIS_SLOTS: "]),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], named: list[str]
) -> None:
    for variable, text in environment.items():
        monkeypatch.setenv(variable, text)
    with pytest.raises(MisconfiguredError) as caught:
        load_settings()
    assert [part for part in named if part not in str(caught.value)] == []


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().slots = 5


def test_every_missing_setting_is_named_at_once() -> None:
    settings = load_settings(queue_url="http://127.0.0.1:9/q")
    require(settings, "queue_url")
    with pytest.raises(MisconfiguredError, match=r"Not set: CIS_DLQ_URL, CIS_FILE_TABLE\."):
        require(settings, "queue_url", "dlq_url", "file_table")


def test_a_child_gets_our_environment_with_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_SLOTS", "7")
    assert child_environment() == dict(os.environ)
    assert child_environment({"CIS_SLOTS": "1"}) == {**os.environ, "CIS_SLOTS": "1"}


def test_reading_processes_get_no_secret_and_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("CIS_QUEUE_URL", "http://127.0.0.1:9/q")
    monkeypatch.setenv("PATH", "/usr/bin")
    environment = sandbox_environment()
    assert (environment["PATH"], environment["OMP_THREAD_LIMIT"]) == ("/usr/bin", "1")
    assert [name for name in environment if name.startswith(("AWS_", "CIS_"))] == []


def test_the_cache_folder_is_the_users_and_none_where_they_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert user_cache_folder() == Path("/caches/cis-worker")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert user_cache_folder() == Path("/home/somebody/.cache/cis-worker")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert user_cache_folder() is None
