"""What a rerun makes again, and what it leaves alone; what was there stays when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.dead_letter_messages import dead_letters, make_visible, metric
from tests.unit.pending_documents import count_calls, indexed_document, make_embedder, picture, work
from tests.unit.test_attempt_dead_letters import refuse_heads, work_until_dead_lettered
from worker.delivery.dead_letters import native_body
from worker.document import document_reader
from worker.embedded.bedrock_server import BedrockServer
from worker.models.document import Extraction
from worker.models.file import Rerun
from worker.models.ledger import Job, State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

KEY = "a.txt"
READ = 'cis_pages_total{source="file"}'


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


def rerun(world: World, what: str, key: str = KEY, **cis: Any) -> None:
    world.queue.send(native_body(world.message(key)), cis={"rerun": what, **cis})
    world.work()


def objects(world: World, prefix: str) -> dict[str, str]:
    """Key -> when it was written, by its ETag and time."""
    answer = world.clients.s3.list_objects_v2(Bucket="results", Prefix=prefix)
    return {each["Key"]: str(each["LastModified"]) for each in answer.get("Contents", [])}


def page_counts(world: World) -> list[bytes]:
    """The metrics that count pages, by the source of their text."""
    return [line for line in world.metrics.render().splitlines() if line.startswith(b"cis_pages_total{")]


def put_old_artifact(world: World, text: str) -> None:
    """What an earlier version of the pipeline, under an extraction key of its own, left of the file."""
    row = world.row(KEY)
    extraction = world.store.open(row.artifact_key or "", None)
    assert extraction is not None
    pages = tuple(replace(page, text=text) for page in extraction.pages)
    world.store.save(row.content_hash or "", replace(extraction, pages=pages))


def test_all_reads_the_file_again_though_its_content_is_stored(live: World) -> None:
    work(live, KEY)
    put_old_artifact(live, "old words")
    rerun(live, "all")
    assert metric(live, f"{READ} 2.0")
    assert indexed_document(live, KEY).pages[0].text == "営業報告書 第三四半期"
    assert (live.row(KEY).fence, live.row(KEY).rerun, live.waiting()) == (2, None, 0)


def test_the_index_alone_is_written_from_what_is_stored(live: World) -> None:
    work(live, KEY)
    put_old_artifact(live, "old words")
    rerun(live, "index")
    assert metric(live, f"{READ} 1.0")
    assert indexed_document(live, KEY).pages[0].text == "old words"


def test_a_copy_of_the_request_changes_nothing(live: World) -> None:
    work(live, KEY)
    for _ in range(3):
        rerun(live, "all", again=1)
    assert metric(live, f"{READ} 2.0")
    assert live.row(KEY).fence == 2


def test_a_request_that_is_older_than_the_content_changes_nothing(live: World) -> None:
    work(live, KEY)
    work(live, KEY, b"second version")
    rerun(live, "all", again=1)
    assert metric(live, f"{READ} 2.0")
    assert indexed_document(live, KEY).pages[0].text == "second version"


def test_a_file_that_changed_is_read_and_one_that_is_gone_is_tombstoned(live: World) -> None:
    work(live, KEY)
    live.put(KEY, b"second version")
    rerun(live, "vectors", again=1)
    assert indexed_document(live, KEY).pages[0].text == "second version"
    live.clients.s3.delete_object(Bucket="source", Key=KEY)
    rerun(live, "all", again=2)
    assert live.row(KEY).state is State.TOMBSTONED


def test_vectors_alone_call_bedrock_and_read_nothing(live: World, bedrock: BedrockServer) -> None:
    live.embedder = make_embedder(live, bedrock)
    work(live, "a.png", picture("red"))
    artifacts, before, calls = objects(live, "artifacts/"), live.row("a.png"), count_calls(bedrock)
    pages = page_counts(live)
    rerun(live, "vectors", "a.png")
    assert count_calls(bedrock) == calls + 1
    assert objects(live, "artifacts/") == artifacts
    assert page_counts(live) == pages != []
    after = live.row("a.png")
    assert (after.fence, after.artifact_key, after.state) == (2, before.artifact_key, State.INDEXED)
    assert indexed_document(live, "a.png").vectors.image is not None


def test_vectors_that_cannot_be_had_now_are_tried_again_and_the_old_ones_stay(
    live: World, bedrock: BedrockServer
) -> None:
    live.embedder = make_embedder(live, bedrock)
    work(live, "a.png", picture("red"))
    vectors = indexed_document(live, "a.png").vectors
    bedrock.control({"down": True})
    rerun(live, "vectors", "a.png")
    assert live.waiting() == 1
    assert indexed_document(live, "a.png").vectors == vectors
    bedrock.control({"down": False})
    live.clock.now += 1_000
    make_visible(live)
    live.work()
    assert (live.waiting(), live.row("a.png").state) == (0, State.INDEXED)


def test_thumbnails_alone_are_drawn_and_no_page_is_read(live: World, bedrock: BedrockServer) -> None:
    live.embedder = make_embedder(live, bedrock)
    work(live, "a.png", picture("red"))
    row, calls = live.row("a.png"), count_calls(bedrock)
    assert row.thumbnail_key is not None
    live.clients.s3.put_object(Bucket="results", Key=row.thumbnail_key, Body=b"damaged")
    pages = page_counts(live)
    rerun(live, "thumbnails", "a.png")
    stored = live.clients.s3.get_object(Bucket="results", Key=row.thumbnail_key)["Body"].read()
    assert stored[8:12] == b"WEBP"
    assert page_counts(live) == pages != []
    assert count_calls(bedrock) == calls
    assert live.row("a.png").fence == 2


def test_less_than_was_there_does_not_replace_it(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    work(live, KEY)
    before = live.row(KEY)
    _read_nothing(live, monkeypatch)
    rerun(live, "all")
    after = live.row(KEY)
    assert (after.state, after.reason, after.artifact_key) == (State.INDEXED, None, before.artifact_key)
    assert indexed_document(live, KEY).pages[0].text == "営業報告書 第三四半期"
    assert live.store.load(after.content_hash or "", indexed_document(live, KEY).file_type) is not None


def test_a_rerun_that_fails_for_good_is_dead_lettered_and_the_file_is_as_before(live: World) -> None:
    work(live, KEY)
    before = live.row(KEY)
    refuse_heads(live)
    live.queue.send(native_body(live.message(KEY)), cis={"rerun": "all", "again": before.fence})
    work_until_dead_lettered(live)
    after = live.row(KEY)
    assert (after.state, after.artifact_key, after.owner) == (State.INDEXED, before.artifact_key, None)
    assert after.fence > before.fence
    assert indexed_document(live, KEY).pages[0].text == "営業報告書 第三四半期"
    (letter,) = dead_letters(live)
    assert letter.cis["rerun"] == "all"


def test_the_text_keeps_its_pipeline_version_unless_it_is_read_again(live: World) -> None:
    work(live, KEY)
    live.clients.dynamodb.update_item(
        TableName="files",
        Key={"file_id": {"S": live.message(KEY).file_id}},
        UpdateExpression="SET pipeline_version = :v",
        ExpressionAttributeValues={":v": {"S": "0"}},
    )
    rerun(live, "index")
    assert live.row(KEY).pipeline_version == "0"
    rerun(live, "all")
    assert live.row(KEY).pipeline_version == "1"


def test_a_takeover_by_a_plain_message_still_makes_the_rerun(live: World) -> None:
    work(live, KEY)
    row = live.row(KEY)
    message = replace(live.message(KEY), rerun=Rerun.ALL)
    job = live.claimer.claim(message, message_id="m2", redo_fence=row.fence)
    assert isinstance(job, Job)
    live.table.release(job.claim, interrupted=True)
    live.announce(KEY)
    live.work()
    assert metric(live, f"{READ} 2.0")


def _read_nothing(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader loses its only page from now on, as after a crash."""
    made = document_reader._to_extraction

    def lose(*arguments: Any) -> Extraction:
        return replace(made(*arguments), pages=(), reason="crashed", reason_message="it died")

    monkeypatch.setattr(document_reader, "_to_extraction", lose)
