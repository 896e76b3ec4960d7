"""The program that serves moto."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests

pytestmark = pytest.mark.unit


def test_it_writes_its_address_and_ends_with_its_standard_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.embedded.moto_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    url = process.stdout.readline().decode().strip()
    assert requests.get(f"{url}/moto-api/", timeout=10).ok
    process.stdin.close()
    assert process.wait(20) == 0
