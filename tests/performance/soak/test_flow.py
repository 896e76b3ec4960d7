"""The flow of a soak: what it does to a bucket, and the kinds it is made of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bench.soak.flow import Flow, Queue
from bench.soak.kinds import Kind, Price, small_kinds
from bench.soak.office_files import salt
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.embedded.stack import EmbeddedStack
from worker.samples.documents import write_docx

pytestmark = pytest.mark.performance

CHEAP = Kind(name="txt", suffix="txt", make=lambda number: f"text {number}".encode())
EXPENSIVE = Kind(
    name="doc", suffix="doc", make=lambda number: f"doc {number}".encode(), price=Price.LIBREOFFICE
)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path, notifications=False) as started:
        yield started


def flow_of(stack: EmbeddedStack, done: Counter[str]) -> Flow:
    return Flow(
        s3=stack.clients.s3,
        queue=Queue(sqs=stack.clients.sqs, url=stack.resources.queue_url),
        kinds=[CHEAP, EXPENSIVE],
        target=40,
        random=Random(1),
        done=done,
    )


def take_all(stack: EmbeddedStack) -> list[dict[str, object]]:
    """Receive and delete, as a worker does."""
    bodies = []
    sqs, url = stack.clients.sqs, stack.resources.queue_url
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def test_the_bucket_is_as_the_flow_says_and_every_change_is_announced(stack: EmbeddedStack) -> None:
    done: Counter[str] = Counter()
    flow = flow_of(stack, done)
    announced = []
    for step in range(8):
        flow.step(now=float(step), progress=step / 8)
        flow.step(now=float(step), progress=step / 8)  # the queue is full: nothing more is done
        taken = take_all(stack)
        assert len(taken) == 40
        announced += taken
    stored = {
        entry["Key"]: stack.clients.s3.get_object(Bucket=SOURCE_BUCKET, Key=entry["Key"])["Body"].read()
        for entry in stack.clients.s3.list_objects_v2(Bucket=SOURCE_BUCKET)["Contents"]
    }
    assert stored == {key: each.data for key, each in flow.live.items()}
    assert not flow.live.keys() & flow.deleted.keys()
    assert {str(body["s3Key"]) for body in announced} == flow.live.keys() | flow.deleted.keys()
    assert {"new", "overwrite", "copy", "delete", "unchanged"} == set(flow.operations)
    # Within 8 s two contents of the expensive kind were made, and copied.
    assert {each.data for each in flow.live.values() if each.kind is EXPENSIVE} <= {
        b"doc 1",
        b"doc 2",
        *stored.values(),
    }
    assert len({each.data for each in flow.live.values() if each.kind is EXPENSIVE}) <= 3


def test_when_the_time_is_over_what_lacks_is_put_until_it_is_finished(stack: EmbeddedStack) -> None:
    done = Counter(txt=40, doc=37)
    flow = flow_of(stack, done)
    flow.start_from(done)
    assert not flow.is_complete
    flow.step(now=0.0, progress=1.0)
    assert sum("doc/" in str(body["s3Key"]) for body in take_all(stack)) == 40
    done["doc"] = 40
    assert flow.is_complete


def test_no_two_contents_of_a_kind_are_alike_and_the_same_number_makes_the_same() -> None:
    kinds = small_kinds(seed=3)
    assert len({kind.name for kind in kinds}) == len(kinds)
    for kind in kinds:
        contents = [kind.make(number) for number in (1, 2, 3)]
        assert len(set(contents)) == 3, kind.name
        assert kind.make(2) == contents[1]


def test_an_office_file_with_other_bytes_is_the_same_document(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "Report", ("text",), (("a", "b"),))
    data = (tmp_path / "a.docx").read_bytes()
    assert salt(data, 1) != salt(data, 2) != data
    assert salt(data, 1).startswith(data[:-2])
    assert salt(b"{\\rtf1 text}", 7) == b"{\\rtf1 text}000000000007"
