"""When parts are merged, and how a manifest lists them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.document.checkpoint_parts import manifest_parts, manifest_values, parts_to_merge
from worker.models.ledger import CheckpointPart

pytestmark = pytest.mark.unit

PREFIX = "checkpoints/f/v/k/"


def _part(pages: tuple[int, ...]) -> CheckpointPart:
    return CheckpointPart(key=f"{PREFIX}{pages[0]:06d}-{len(pages)}", sha256="a" * 64, pages=pages)


def _save(parts: tuple[CheckpointPart, ...], pages: list[int]) -> tuple[tuple[CheckpointPart, ...], int]:
    """The parts after a checkpoint of some new pages, and how many pages it wrote."""
    merged = parts_to_merge(parts)
    numbers = tuple(sorted({*pages, *(number for part in merged for number in part.pages)}))
    return (*(part for part in parts if part not in merged), _part(numbers)), len(numbers)


@given(st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=400))
def test_no_page_is_lost_parts_stay_few_and_pages_are_rarely_written_again(sizes: list[int]) -> None:
    parts: tuple[CheckpointPart, ...] = ()
    page, written, most = 1, 0, 0
    for size in sizes:
        new = list(range(page, page + size))
        page += size
        parts, count = _save(parts, new)
        written += count
        most = max(most, count)
    assert sorted(number for part in parts for number in part.pages) == list(range(1, page))
    assert len(parts) <= 16 + 32 + page // 256
    assert written <= 3 * page + 16
    assert most <= 3 * 256


def test_two_thousand_pages_saved_one_by_one_are_a_few_dozen_parts() -> None:
    parts: tuple[CheckpointPart, ...] = ()
    written = 0
    for page in range(1, 2_001):
        parts, count = _save(parts, [page])
        written += count
    assert len(parts) < 40
    assert written < 3 * 2_000


def test_in_haste_pages_are_hardly_ever_written_again() -> None:
    parts = tuple(_part((number,)) for number in range(1, 64))
    assert parts_to_merge(parts) == parts
    assert parts_to_merge(parts, in_haste=True) == ()
    assert parts_to_merge((*parts, _part((64,))), in_haste=True) != ()


def test_a_manifest_lists_parts_with_the_pages_they_have() -> None:
    parts = (_part((1, 2, 3, 7)), _part((5,)))
    values = json.loads(json.dumps(manifest_values(parts, prefix=PREFIX)))
    assert values["parts"][0] == ["000001-4", "a" * 64, [[1, 3], [7, 7]]]
    assert manifest_parts(values, prefix=PREFIX) == parts
