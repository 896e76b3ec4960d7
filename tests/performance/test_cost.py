"""What a document costs in calls, kind by kind: one call more, or less, is a change of this table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.performance.cost.recorded import Calls, Recorded, plus, sums
from tests.resilience.conftest import make_world, simulation, world  # noqa: F401 - fixtures
from tests.resilience.world import World

pytestmark = pytest.mark.performance

PAGES = 100
PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text(encoding="utf-8")
KINDS = {
    "text": "new text file",
    "image": "new one-page image",
    "copy": "copy of an image",
    "rename": "rename: .*?",
    "unchanged": "unchanged event",
    "delete": "delete",
}
SCAN = {"pages": PAGES, "ocr": list(range(1, PAGES + 1)), "ocr_s": 1.5, "thumbnail": True}
DONE = {"ReceiveMessage": 1, "DeleteMessageBatch": 1}
ROW = {"GetItem": 1, "UpdateItem": 2}
ENTRY = {"Write": 1}
COPY: Calls = {"sqs": DONE, "s3": {"GetObject": 4, "HeadObject": 1}, "dynamodb": ROW, "index": ENTRY}
GONE: Calls = {
    "s3": {"HeadObject": 1, "HeadBucket": 1},
    "dynamodb": ROW,
    "index": {"Tombstone": 1},
}
EXPECTED: dict[str, Calls] = {
    "text": {
        "sqs": DONE,
        "s3": {"HeadObject": 2, "GetObject": 2, "PutObject": 1},
        "dynamodb": ROW,
        "index": ENTRY,
    },
    "image": {
        "sqs": DONE,
        "s3": {"GetObject": 3, "PutObject": 3, "HeadObject": 1},
        "dynamodb": ROW,
        "bedrock-runtime": {"InvokeModel": 1},
        "index": ENTRY,
    },
    "copy": COPY,
    "rename": plus(COPY, GONE),
    "unchanged": {"sqs": DONE, "s3": {"HeadObject": 1}, "dynamodb": {"GetItem": 1}},
    "delete": plus({"sqs": DONE}, GONE),
}


@pytest.fixture
def recorded(world: World) -> Recorded:  # noqa: F811
    """An idle worker that announces no end states, and what it calls from now on."""
    world.is_orderly = True
    world.fleet.changes["events_target"] = ""
    return start(world)


def start(world: World) -> Recorded:  # noqa: F811
    """Start a worker; what is recorded of it begins when it is idle."""
    recorded = Recorded(world)
    world.fleet.start()
    world.run(5.0)
    recorded.take()
    recorded.take_logged()
    return recorded


def test_each_kind_of_event_has_its_calls(world: World, recorded: Recorded) -> None:  # noqa: F811
    found: dict[str, Calls] = {}

    def case(name: str) -> None:
        recorded.work_off()
        found[name] = recorded.take()
        of_files = {service: n for service, n in found[name].items() if service not in ("sqs", "index")}
        assert recorded.take_logged() == of_files

    world.put("text", picture=False)
    case("text")
    world.put("image.png", ocr=[1], thumbnail=True, text="one")
    case("image")
    world.put("copy.png", ocr=[1], thumbnail=True, text="one")
    case("copy")
    world.move("copy.png", "renamed.png")
    case("rename")
    world.announce("image.png")
    case("unchanged")
    world.delete("image.png")
    case("delete")
    assert found == EXPECTED
    assert {name: documented(name) for name in found} == {
        name: priced(calls) for name, calls in found.items()
    }
    assert sums(found["image"])["s3"] <= 7
    assert max(sums(found[name])["dynamodb"] for name in ("text", "image", "copy")) <= 4
    assert max(sums(calls)["sqs"] for calls in found.values()) <= 2


def test_a_page_that_takes_long_is_not_checkpointed_just_before_it_is_stored(
    world: World,  # noqa: F811
    recorded: Recorded,
) -> None:
    world.put("image.png", ocr=[1], ocr_s=25.0, thumbnail=True)
    recorded.work_off()
    assert sums(recorded.take()) == {"sqs": 2, "s3": 7, "dynamodb": 3, "bedrock-runtime": 1, "index": 1}


def test_an_announced_document_has_at_most_four_calls_of_the_ledger(world: World) -> None:  # noqa: F811
    world.is_orderly = True
    recorded = start(world)
    world.put("image.png", ocr=[1], thumbnail=True)
    recorded.work_off()
    assert recorded.take()["dynamodb"] == {"GetItem": 1, "UpdateItem": 3}


def test_a_hundred_page_scan_is_checkpointed_by_time_and_not_by_page(
    world: World,  # noqa: F811
    recorded: Recorded,
) -> None:
    world.put("scan", **SCAN)
    recorded.work_off()
    calls = recorded.take()
    assert calls["bedrock-runtime"] == {"InvokeModel": 1}
    assert calls["sqs"] == DONE
    # 150 s of OCR, a checkpoint each 12 s: two objects and a row, and their removal at the end.
    checkpoints = calls["dynamodb"]["UpdateItem"] - ROW["UpdateItem"]
    assert PAGES * 1.5 / 12 - 2 <= checkpoints <= PAGES * 1.5 / 12
    assert calls["s3"] == {
        "GetObject": 3,
        "HeadObject": 2,
        "ListObjectsV2": 1,
        "DeleteObjects": 1,
        "PutObject": 3 + 2 * checkpoints,
    }


def test_of_a_scan_interrupted_twice_no_page_is_paid_for_twice(world: World) -> None:  # noqa: F811
    world.is_orderly = True
    world.fleet.changes |= {"events_target": "", "text_model": "amazon.titan-embed-text-v2:0"}
    recorded = Recorded(world)
    # Too long to be finished within the time of a stop.
    world.put("scan", **{**SCAN, "ocr_s": 5.0})
    for wanted in (30, 60):
        one = world.fleet.start()
        recorded.run_until(lambda wanted=wanted: len(world.fleet.ocred) >= wanted)  # type: ignore[misc]
        one.signal()
        recorded.run_until(lambda one=one: not one.is_running)  # type: ignore[misc]
    world.fleet.start()
    recorded.work_off()
    assert set(Counter(page.page for page in world.fleet.ocred).values()) == {1}
    twice = [body[:200] for body, count in world.network.embedded.items() if count > 1]
    assert twice == []
    assert len(world.network.embedded) == PAGES + 1  # the texts of the pages, and the picture
    # Twice a fresh copy for the message.
    assert recorded.take()["sqs"] == {"ReceiveMessage": 3, "DeleteMessageBatch": 3, "SendMessage": 2}


def documented(name: str) -> tuple[int, ...]:
    """The calls of a kind in docs/cost.md: S3 by its two prices, SQS, DynamoDB by its two, index, Bedrock."""
    row = re.search(rf"^\| {KINDS[name]} ((?:\| \d+ ){{7}})", PAGE, re.MULTILINE)
    assert row is not None, name
    return tuple(int(count) for count in row[1].split("|")[1:])


def priced(calls: Calls) -> tuple[int, ...]:
    """The same of recorded calls."""
    s3, rows, total = calls["s3"], calls["dynamodb"], sums(calls)
    puts = sum(s3.get(operation, 0) for operation in ("PutObject", "ListObjectsV2"))
    reads = rows.get("GetItem", 0)
    return (
        puts,
        total["s3"] - puts,
        total["sqs"],
        total["dynamodb"] - reads,
        reads,
        total.get("index", 0),
        total.get("bedrock-runtime", 0),
    )
