"""What CIS_PROFILE may ask for, and where it may not be set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from worker.errors import MisconfiguredError
from worker.runtime.profiling import profile_order as module
from worker.runtime.profiling.profile_order import ProfileKind, ProfileOrder, profile_order

pytestmark = pytest.mark.unit


def test_nothing_is_profiled_unless_it_is_ordered() -> None:
    assert profile_order("") is None
    assert profile_order("", is_on_aws=True) is None


def test_an_order_names_a_kind_and_a_folder() -> None:
    assert profile_order("allocations:/srv/out") == ProfileOrder(
        kind=ProfileKind.ALLOCATIONS, folder=Path("/srv/out")
    )


@pytest.mark.parametrize("text", ["samples", "samples:", "samples:here", "all:/srv", ":/srv", "/srv"])
def test_what_is_no_order_is_refused_with_what_to_give(text: str) -> None:
    with pytest.raises(
        MisconfiguredError, match="samples, calls, counts, allocations, a colon and an absolute path"
    ):
        profile_order(text)


def test_a_worker_of_aws_is_not_profiled() -> None:
    with pytest.raises(MisconfiguredError, match="remove it"):
        profile_order("allocations:/srv", is_on_aws=True)


def test_calls_are_not_counted_where_cprofile_mixes_them_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12))
    with pytest.raises(MisconfiguredError, match=r"Python 3\.11"):
        profile_order("calls:/srv")


def test_samples_without_their_library_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with pytest.raises(MisconfiguredError, match=r"cis-worker\[profile\]"):
        profile_order("samples:/srv")


def test_a_file_of_records_is_appended_to_and_private(tmp_path: Path) -> None:
    order = ProfileOrder(kind=ProfileKind.CALLS, folder=tmp_path / "new")
    for text in (b"a\n", b"b\n"):
        with open(order.open("worker"), "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(text)
    path = tmp_path / "new" / "worker.jsonl"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"a\nb\n", 0o600)
