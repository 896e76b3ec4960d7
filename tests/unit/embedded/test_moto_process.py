"""moto as a process of its own."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import requests

from worker.embedded.moto_process import MotoProcess
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


def test_it_answers_until_it_is_stopped(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with MotoProcess(stderr_path=tmp_path / "log") as moto:
        assert requests.get(f"{moto.url}/moto-api/", timeout=10).ok
        assert moto.url.startswith("http://127.0.0.1:")
    assert psutil.Process().children() == before


def test_a_server_that_does_not_start_is_reported_with_its_error_output(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "log", module="no_such_module")
    with pytest.raises(MisconfiguredError, match="no_such_module"):
        moto.start()


def test_without_the_package_the_extra_is_named_in_one_line(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "log", package="no_such_package")
    with pytest.raises(
        MisconfiguredError, match=r"no_such_package.*pip install 'cis-worker\[local\]'$"
    ) as raised:
        moto.start()
    assert "\n" not in str(raised.value)
