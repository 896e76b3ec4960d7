"""What `cis-worker config` prints of each setting."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from worker.config import Settings, environment_name, load_settings
from worker.operation.settings_in_force import as_text, settings_in_force

pytestmark = pytest.mark.unit


def test_every_setting_is_listed_with_its_variable() -> None:
    names = [setting.name for setting in settings_in_force(load_settings())]
    assert names == [environment_name(field) for field in Settings.model_fields]


def test_a_setting_has_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_OCR_DPI", "300")
    monkeypatch.setenv("CIS_LANGUAGES", "")
    monkeypatch.setenv("CIS_IMAGE_MODEL", "")
    settings = {setting.name: setting for setting in settings_in_force(load_settings())}
    assert (settings["CIS_OCR_DPI"].value, settings["CIS_OCR_DPI"].source) == ("300", "environment")
    assert (settings["CIS_LANGUAGES"].value, settings["CIS_LANGUAGES"].source) == ("jpn,eng", "default")
    assert (settings["CIS_IMAGE_MODEL"].value, settings["CIS_IMAGE_MODEL"].source) == ("", "environment")
    metadata = settings["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    assert (metadata.value, metadata.source) == ("http://127.0.0.1:9", "environment")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("queue_url", "http://here/1/q", "http://here/1/q"),
        ("queue_url", "https://user:pass@here/q", "https://(hidden)@here/q"),
        ("anything", SecretStr("pass"), "(hidden)"),
        ("anything", SecretStr(""), ""),
        ("opensearch_password", "pass", "(hidden)"),
        ("api_token", "", ""),
        ("source_buckets", ("a", "b"), "a,b"),
        ("source_buckets", (), ""),
        ("sqlite_path", None, ""),
        ("work_dir", Path("/tmp"), "/tmp"),
        ("embed_pdf_pictures", False, "false"),
        ("slots", 0, "0"),
    ],
)
def test_values_are_written_as_in_the_variable_and_secrets_never(
    field: str, value: object, text: str
) -> None:
    assert as_text(field, value) == text
