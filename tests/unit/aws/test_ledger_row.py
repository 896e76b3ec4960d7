"""Rows and checkpoints in DynamoDB's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.aws import ledger_row
from worker.aws.ledger_row import FileRow
from worker.models.ledger import Checkpoint, CheckpointPart, State
from worker.models.unread import UnreadSummary

pytestmark = pytest.mark.unit

FOLDER = "checkpoints/" + "f" * 64 + "/v1/k/"


def test_what_is_absent_has_its_default() -> None:
    row = ledger_row.from_wire(
        {"file_id": {"S": "f"}, "fence": {"N": "3"}, "state": {"S": "indexed"}, "from_the_future": {"N": "1"}}
    )
    assert row == FileRow(file_id="f", fence=3, state=State.INDEXED)
    assert type(row.fence) is int


@pytest.mark.parametrize(
    ("value", "wire"), [("営業", {"S": "営業"}), (7, {"N": "7"}), (True, {"BOOL": True})]
)
def test_values_take_dynamodbs_typed_form(value: str | int | bool, wire: object) -> None:
    assert ledger_row.to_wire(value) == wire


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (CheckpointPart(key=FOLDER + "1", sha256="aa", pages=(1,)),),
        (
            CheckpointPart(key=FOLDER + "10", sha256="aa", pages=(1, 2, 5)),
            CheckpointPart(key=FOLDER + "11", sha256="bb", pages=(3,)),
        ),
    ],
)
def test_a_checkpoint_survives_the_round_trip(parts: tuple[CheckpointPart, ...]) -> None:
    checkpoint = Checkpoint(version="v1", extraction_key="k", parts=parts)
    text = ledger_row.checkpoint_to_json(checkpoint)
    assert ledger_row.checkpoint_from_json(text) == checkpoint


def test_the_shared_part_of_the_keys_is_stored_once() -> None:
    parts = tuple(CheckpointPart(key=f"{FOLDER}{n}", sha256="a" * 64, pages=(n,)) for n in range(1000, 2000))
    text = ledger_row.checkpoint_to_json(Checkpoint(version="v1", extraction_key="k", parts=parts))
    assert len(text) < 90 * 1000
    assert json.loads(text)["prefix"] == FOLDER + "1"


@pytest.mark.parametrize("state", State)
def test_only_a_row_in_processing_is_unfinished(state: State) -> None:
    assert FileRow(file_id="f", fence=1, state=state).is_finished is (state is not State.PROCESSING)


def test_the_size_of_a_row_is_that_of_its_names_and_values() -> None:
    item: Any = {"file_path": {"S": "営業"}, "fence": {"N": "12"}, "index_pending": {"BOOL": True}}
    assert ledger_row.size_bytes(item) == 9 + 6 + 5 + 2 + 13 + 1


@pytest.mark.parametrize(
    ("counts", "reason", "met"),
    [
        ({}, None, False),
        ({}, "timeout", True),
        ({}, "pages_failed", True),
        ({"timeout": 1}, "pages_failed", True),
        # The reason only sums up what is of the content.
        ({"corrupt": 1}, "pages_failed", False),
    ],
)
def test_a_limit_is_met_by_what_is_unread_and_by_the_reason_only_without_a_list(
    counts: dict[str, int], reason: str | None, met: bool
) -> None:
    unread = UnreadSummary(counts=counts)
    assert FileRow(file_id="f", fence=1, state=State.PARTIAL, reason=reason, unread=unread).met_limit is met
