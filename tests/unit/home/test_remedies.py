"""The remedies for a person's own files."""

from __future__ import annotations

import pytest

from worker.errors import UNREAD
from worker.home.remedies import home_remedy

pytestmark = pytest.mark.unit

# What a person with a folder does not have.
FLEET = ("rerun", "redrive", "the workers", "log line", "purge")


def test_no_code_of_a_file_sends_a_person_to_a_fleet() -> None:
    found = {code: home_remedy(code) for code in [*UNREAD, "worker_crashed", "too_many_failures"]}
    assert all(found.values())
    assert [code for code, text in found.items() if any(word in text for word in FLEET)] == []


def test_an_unknown_code_has_an_answer_too() -> None:
    assert "docs/errors.md" in home_remedy("of_tomorrow")
