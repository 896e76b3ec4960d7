"""The system's certificates in the form that Java reads."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.java_trust import SYSTEM_BUNDLE, maven_options

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAVEN_OPTS", raising=False)


@pytest.mark.skipif(not SYSTEM_BUNDLE.is_file(), reason="this system keeps its certificates elsewhere")
def test_java_reads_every_certificate_of_the_system(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    assert "trusted.p12" in maven_options(tmp_path)["MAVEN_OPTS"]
    command = [require_program("keytool"), "-list", "-keystore", str(tmp_path / "trusted.p12")]
    done = subprocess.run(
        [*command, "-storepass", "changeit"], capture_output=True, text=True, timeout=60, check=True
    )
    wanted = SYSTEM_BUNDLE.read_text(encoding="utf-8").count("BEGIN CERTIFICATE")
    assert done.stdout.count("trustedCertEntry") == wanted > 0


def test_the_users_own_store_and_options_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAVEN_OPTS", "-Djavax.net.ssl.trustStore=/mine")
    assert maven_options(tmp_path) == {}
    monkeypatch.setenv("MAVEN_OPTS", "-Xmx1g")
    if SYSTEM_BUNDLE.is_file():
        assert maven_options(tmp_path)["MAVEN_OPTS"].startswith("-Xmx1g -Djavax")


def test_without_a_bundle_java_is_left_alone(tmp_path: Path) -> None:
    assert maven_options(tmp_path, bundle=tmp_path / "missing") == {}
    assert list(tmp_path.iterdir()) == []
