"""IndexManager on a real OpenSearch: refreshes, versions, kuromoji, k-NN, refused documents."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from opensearchpy import OpenSearch

from worker.errors import LeaseLostError, MisconfiguredError, RejectedError
from worker.index.opensearch.index_manager import IndexManager
from worker.index.opensearch.inspection import IndexInspection
from worker.models.document import Document, Vectors

pytestmark = pytest.mark.integration

MakeDocument = Callable[..., Document]
MakeIndex = Callable[..., IndexManager]


def names(index: IndexManager, query: str) -> list[str]:
    return sorted(hit.file_name for hit in index.search(query).hits)


def unit_vector(seed: int) -> tuple[float, ...]:
    chance = random.Random(seed)
    return tuple(chance.gauss(0, 1) for _ in range(1024))


def test_indices_are_versioned_behind_aliases_and_created_once(
    make_index: MakeIndex, client: OpenSearch, prefix: str
) -> None:
    index = make_index()
    assert index.create_files_index() is True
    assert index.create_images_index() is True
    assert index.create_files_index() is False
    assert index.create_images_index() is False
    aliases = client.indices.get_alias(index=f"{prefix}*")
    assert {name: list(found["aliases"]) for name, found in aliases.items()} == {
        f"{prefix}files-v2": [f"{prefix}files"],
        f"{prefix}images-v1": [f"{prefix}images"],
    }


def test_workers_that_start_together_create_one_index(
    make_index: MakeIndex, client: OpenSearch, prefix: str
) -> None:
    managers = [make_index() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: (each.create_files_index(), each.create_images_index()), managers))
    assert sorted(client.indices.get(index=f"{prefix}*")) == [f"{prefix}files-v2", f"{prefix}images-v1"]


def test_a_write_creates_missing_indices(make_index: MakeIndex, make_document: MakeDocument) -> None:
    index = make_index()
    index.index_document(make_document("a.pdf", "営業"), version=1, refresh=True)
    assert names(index, "営業") == ["a.pdf"]


def test_sales_are_found_in_the_sales_report_and_not_in_the_specification(
    index: IndexManager, make_document: MakeDocument
) -> None:
    for name, text in (
        ("report.pdf", "2024年度 営業報告書\n関東地区の売上"),
        ("spec.pdf", "技術仕様書\n作業手順"),
    ):
        index.index_document(make_document(name, text), version=1, refresh=True)
    assert names(index, "営業") == ["report.pdf"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("昨日、本を読みました。", "読む"),
        ("サーバーを再起動した", "サーバ"),
        ("走って帰る", "走る"),
        ("東京・大阪", "東京大阪"),
    ],
)
def test_other_forms_of_a_word_are_found_and_shown(
    index: IndexManager, make_document: MakeDocument, text: str, query: str
) -> None:
    index.index_document(make_document("a.pdf", text), version=1, refresh=True)
    (hit,) = index.search(query).hits
    assert (hit.page, "[[" in hit.snippet) == (1, True)


def test_a_document_is_searchable_only_after_a_refresh(
    index: IndexManager, client: OpenSearch, prefix: str, make_document: MakeDocument
) -> None:
    client.indices.put_settings(index=f"{prefix}files", body={"index": {"refresh_interval": "-1"}})
    index.index_document(make_document("a.pdf", "営業"), version=1, refresh=False)
    assert index.search("営業").total == 0
    assert index.document(make_document("a.pdf").file_id) is not None
    index.refresh()
    assert index.search("営業").total == 1
    index.index_document(make_document("b.pdf", "営業"), version=1, refresh=True)
    assert index.search("営業").total == 2


def test_five_nearest_of_ten_vectors(index: IndexManager, make_document: MakeDocument) -> None:
    wanted = unit_vector(0)
    for number in range(10):
        noise = unit_vector(number + 1)
        near = tuple(a + number * 0.3 * b for a, b in zip(wanted, noise, strict=True))
        document = make_document(f"{number}.jpg", vectors=Vectors(image=near, image_model="m"))
        index.index_image_vector(document, version=1, refresh=True)
    hits = index.similar(wanted, limit=5)
    assert [hit.file_name for hit in hits] == [f"{number}.jpg" for number in range(5)]
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)


def test_of_many_writers_the_highest_version_wins(index: IndexManager, make_document: MakeDocument) -> None:
    def write(version: int) -> str:
        document = make_document("a.jpg", f"version{version}", vectors=Vectors(image=unit_vector(version)))
        try:
            index.index_document(document, version=version)
        except LeaseLostError:
            return "refused"
        return "written"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, [5, 3, 9, 1, 20, 7, 12, 2] * 3))
    index.refresh()
    assert "refused" in results
    stored = index.document(make_document("a.jpg").file_id)
    assert stored is not None
    assert stored.pages[0].text == "version20"
    assert index.similar(unit_vector(20))[0].score == pytest.approx(1.0, abs=1e-5)


def test_a_stale_image_vector_is_not_restored(index: IndexManager, make_document: MakeDocument) -> None:
    vector = unit_vector(1)
    index.index_document(make_document("a.jpg", vectors=Vectors(image=vector)), version=1)
    index.index_document(make_document("a.jpg", "no picture any more"), version=2)
    with pytest.raises(LeaseLostError):
        index.index_image_vector(make_document("a.jpg", vectors=Vectors(image=vector)), version=1)
    index.refresh()
    assert index.similar(vector) == []


def test_a_document_the_cluster_refuses_does_not_affect_others(
    index: IndexManager, make_document: MakeDocument
) -> None:
    bad = make_document("bad.pdf", "text", indexed_at="yesterday or so")
    good = make_document("good.pdf", "text")
    results = index.bulk([(good, 1), (bad, 1), (replace(good, file_id="f" * 64), 1)])
    assert [type(result) for result in results] == [type(None), RejectedError, type(None)]
    assert "indexed_at" in str(results[1])
    with pytest.raises(RejectedError):
        index.index_document(bad, version=1)


def test_a_hundred_documents_take_few_requests(
    index: IndexManager, client: OpenSearch, prefix: str, make_document: MakeDocument
) -> None:
    documents = [make_document(f"{number}.pdf", f"営業報告書 第{number}号 " * 40) for number in range(100)]
    assert index.bulk([(document, 1) for document in documents]) == [None] * 100
    index.refresh()
    assert index.search("営業報告書", limit=1).total == 100
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda each: index.index_document(each, version=2), documents))
    index.refresh()
    assert client.count(index=f"{prefix}files")["count"] == 100


def test_a_page_of_a_books_length_is_stored_and_found_at_its_end(
    index: IndexManager, make_document: MakeDocument
) -> None:
    text = "本文の一行です。\n" * 120_000 + "最後の合言葉は青森長野"
    index.index_document(make_document("book.txt", text), version=1, refresh=True)
    (hit,) = index.search("青森長野").hits
    assert (hit.page, "[[青森長野]]" in hit.snippet) == (1, True)
    stored = index.document(make_document("book.txt").file_id)
    assert stored is not None
    assert stored.pages[0].text == text


def test_a_text_model_may_be_enabled_later(
    make_index: MakeIndex, make_document: MakeDocument, client: OpenSearch, prefix: str
) -> None:
    make_index().create_files_index()
    index = make_index(text_dimension=1)
    document = make_document("a.pdf", "text", vectors=Vectors(text=((2.0,),), text_model="m"))
    index.index_document(document, version=1)
    # The vector is in the index, and not in what is stored for display.
    assert index.document(document.file_id) == replace(document, vectors=Vectors(text_model="m"))
    index.refresh()
    near: dict[str, Any] = {"knn": {"pages.text_vector": {"vector": [2.0], "k": 1}}}
    found = client.search(
        index=f"{prefix}files", body={"query": {"nested": {"path": "pages", "query": near}}}
    )
    assert [hit["_id"] for hit in found["hits"]["hits"]] == [document.file_id]
    assert index.create_files_index() is False


def test_vectors_of_another_model_stop_the_worker_and_not_the_documents(
    index: IndexManager, make_index: MakeIndex, make_document: MakeDocument
) -> None:
    other = make_index(text_dimension=2)
    document = make_document("a.pdf", "text", vectors=Vectors(text=((2.0, 1.0),), text_model="other"))
    with pytest.raises(MisconfiguredError, match="CIS_INDEX_PREFIX"):
        other.index_document(document, version=1)


def test_the_inspection_detects_an_index_without_kuromoji(
    index: IndexManager, client: OpenSearch, prefix: str
) -> None:
    inspection = IndexInspection(client, prefix=prefix)
    cluster, files, images = inspection.cluster(), inspection.files(), inspection.images()
    assert (cluster.version, cluster.kuromoji) == ("2.19.1", True)
    assert files is not None
    assert images is not None
    assert (files.knows_japanese, files.missing_fields) == (True, ())
    assert (images.takes_vectors, images.missing_fields) == (True, ())
    other = f"{prefix}x-"
    client.indices.create(
        index=f"{other}files", body={"mappings": {"properties": {"ocr_text": {"type": "text"}}}}
    )
    plain = IndexInspection(client, prefix=other).files()
    assert plain is not None
    assert not plain.knows_japanese
    assert "pages" in plain.missing_fields
