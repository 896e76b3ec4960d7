"""Whether an error is that of a full disk, and whether a folder is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker.errors import OCRError
from worker.extract.disk_space import full_disk, is_disk_full

pytestmark = pytest.mark.unit


def _raised(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as error:
            raise OCRError("the page cannot be drawn") from error
    except OCRError as error:
        return error


@pytest.mark.parametrize(("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)])
def test_the_cause_of_an_error_may_be_a_full_disk(number: int, full: bool) -> None:
    cause = OSError(number, os.strerror(number))

    assert is_disk_full(cause) is full
    assert is_disk_full(_raised(cause)) is full


def test_other_errors_are_not_of_a_full_disk() -> None:
    assert not is_disk_full(_raised(ValueError("damaged")))


@pytest.mark.parametrize(("free_bytes", "full"), [(0, True), (4 * 1024**2 - 1, True), (4 * 1024**2, False)])
def test_a_disk_with_hardly_any_space_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, full: bool
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free_bytes))

    error = full_disk(tmp_path)

    assert (error is not None) is full
    assert is_disk_full(error) is full
