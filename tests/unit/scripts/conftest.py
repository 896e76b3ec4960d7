"""These tests run on GitHub, too, and must not write on the page of their own run."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _elsewhere_than_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
