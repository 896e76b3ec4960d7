"""Errors and folders are asked whether a full disk is to blame."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker.errors import OCRError
from worker.extract.disk_space import full_disk, tells_full_disk

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
def test_the_error_that_another_came_from_tells_of_the_disk(number: int, full: bool) -> None:
    cause = OSError(number, os.strerror(number))

    assert tells_full_disk(cause) is full
    assert tells_full_disk(_raised(cause)) is full


def test_other_errors_tell_nothing_of_the_disk() -> None:
    assert not tells_full_disk(_raised(ValueError("damaged")))


@pytest.mark.parametrize(("free_bytes", "full"), [(0, True), (4 * 1024**2 - 1, True), (4 * 1024**2, False)])
def test_a_disk_with_hardly_any_room_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, full: bool
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free_bytes))

    error = full_disk(tmp_path)

    assert (error is not None) is full
    assert tells_full_disk(error) is full
