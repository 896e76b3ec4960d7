"""Fixtures of the embedded stack's tests."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def python() -> str:
    """The interpreter the tests run in."""
    return sys.executable
