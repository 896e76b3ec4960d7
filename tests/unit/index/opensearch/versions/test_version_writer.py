"""Documents written to one index alone, under their versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from worker.errors import UnavailableError
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.calls import IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.provisioning import IndexMaker
from worker.index.opensearch.versions.version_writer import VersionWriter
from worker.models.document import Document
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as made:
        made.indices["next"] = MadeIndex({}, {"files-next"})
        yield made


@pytest.fixture
def writer(server: IndexServer) -> Iterator[VersionWriter]:
    client = connect(server.url)
    policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0, wait=lambda _: None))
    maker = IndexMaker(client, prefix="", shards=1, text_dimension=None)
    sender = BulkSender(client, policy=policy, maker=maker, prefix="")
    yield VersionWriter(sender, alias="files-next", has_words=False, text_vectors=False)
    client.close()


def test_a_higher_version_stays_and_an_equal_one_is_replaced(
    writer: VersionWriter, server: IndexServer, make_document: MakeDocument
) -> None:
    document, other = make_document("a.pdf", "first"), make_document("a.pdf", "second")
    assert writer.write([(document, 5)]) == []
    assert writer.write([(other, 4)]) == []
    assert server.indices["next"].entries[document.file_id][1]["ocr_text"] == "first"
    writer.write([(other, 5)])
    version, source = server.indices["next"].entries[document.file_id]
    assert (version, source["ocr_text"]) == (5, "second")
    assert "words" not in source["pages"][0]


def test_a_refused_document_is_there_by_its_name_and_its_neighbours_whole(
    writer: VersionWriter, server: IndexServer, make_document: MakeDocument
) -> None:
    odd, well = make_document("odd.pdf", "text"), make_document("well.pdf", "text")
    server.refuses.add(odd.file_id)
    assert writer.write([(odd, 1), (well, 1)]) == [odd.file_id]
    entries = server.indices["next"].entries
    assert (entries[odd.file_id][1]["reason"], entries[odd.file_id][1]["pages"]) == ("index_rejected", [])
    assert "too odd" in entries[odd.file_id][1]["reason_message"]
    assert entries[well.file_id][1]["ocr_text"] == "text"


def test_an_outage_is_raised(writer: VersionWriter, server: IndexServer, make_document: MakeDocument) -> None:
    server.stop()
    with pytest.raises(UnavailableError):
        writer.write([(make_document("a.pdf", "text"), 1)])
