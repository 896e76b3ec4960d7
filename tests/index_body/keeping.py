"""Writes, versions and tombstones of every search index; see searching.py."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument, direction, put
from worker.errors import LeaseLostError
from worker.index.search_index import SearchIndex
from worker.models.document import Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import FileMetadata, Properties
from worker.models.page import Page, TextSource


def test_a_new_version_replaces_the_old(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "古い文章", "二枚目"), version=1)
    put(index, make_document("a.pdf", "新しい文章"), version=2)
    assert index.search("古い").total == index.search("二枚目").total == 0
    assert index.search("新しい").total == 1


def test_the_same_version_overwrites(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "first"), version=3)
    put(index, make_document("a.pdf", "second"), version=3)
    assert (index.search("first").total, index.search("second").total) == (0, 1)


def test_a_stale_version_is_refused_and_changes_nothing(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "current"), version=5)
    with pytest.raises(LeaseLostError, match=r"version 5.*version 4 is stale"):
        put(index, make_document("a.pdf", "stale"), version=4)
    with pytest.raises(LeaseLostError):
        index.tombstone(make_document("a.pdf").file_id, version=4)
    assert (index.search("current").total, index.search("stale").total) == (1, 0)


def test_a_tombstone_hides_the_file_everywhere(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text", vectors=Vectors(image=direction(1.0)), thumbnail=b"webp")
    put(index, document, version=1)
    index.tombstone(document.file_id, version=2, refresh=True)
    assert index.search("text").total == index.search("a.pdf").total == 0
    assert index.document(document.file_id) is None
    assert index.find("a.pdf") == index.find(document.file_id) == []
    assert index.similar(direction(1.0)) == []


def test_a_stale_write_does_not_restore_a_file(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text")
    index.tombstone(document.file_id, version=2)
    with pytest.raises(LeaseLostError):
        put(index, document, version=1)
    assert index.search("text").total == 0


def test_a_newer_write_restores_a_file(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text")
    put(index, document, version=1)
    index.tombstone(document.file_id, version=2)
    index.tombstone(document.file_id, version=2)
    put(index, document, version=3)
    assert index.search("text").total == 1


def test_a_document_with_the_state_of_a_tombstone_is_hidden(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("a.pdf", "text", state=State.TOMBSTONED, reason="object_gone")
    put(index, document)
    assert index.search("text").total == index.search("a.pdf").total == 0
    assert index.find("a.pdf") == []


def test_a_document_is_read_as_written(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document(
        "営業/報告.pdf",
        file_type=FileType.TIFF,
        state=State.PARTIAL,
        reason="timeout",
        reason_message="page 2 took too long",
        content_hash="c0ffee",
        thumbnail_key="thumbnails/c0ffee",
        artifact_key="artifacts/c0ffee",
        indexed_at="2026-01-01T00:00:00Z",
        metadata=FileMetadata(
            uploaded_at="2024-05-31T01:02:03Z",
            last_modified="2024-05-30T00:00:00Z",
            mime_type="image/tiff",
            allowed_groups=("legal", "営業部"),
            properties=Properties(
                title="報告書", author="田中", created="2023-01-01T00:00:00Z", modified="2024-01-01T00:00:00Z"
            ),
        ),
        vectors=Vectors(
            image=direction(0.5, -0.25, 1.0),
            image_model="image",
            text=((1.0,), (2.0,)),
            text_model="text",
            pending=True,
        ),
        pages=(
            Page(number=1, text="ABC\n営業\x00", source=TextSource.OCR, language="jpn", confidence=91.5),
            Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout"),
            Page(number=12, text="text", source=TextSource.TEXT_LAYER, language="eng"),
        ),
    )
    put(index, document)
    stored = index.document(document.file_id)
    assert stored is not None
    # The vectors of pages are there to be searched; OpenSearch does not return them.
    expected, found = (replace(each, vectors=replace(each.vectors, text=())) for each in (document, stored))
    assert found == expected


def test_an_unknown_document_is_none(index: SearchIndex) -> None:
    assert index.document("0" * 64) is None


def test_invalid_unicode_is_replaced_and_the_rest_is_stored(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("caf\udce9/a.pdf", "before \ud842\udf9f after \udfff end")
    put(index, document)
    assert index.search("before 𠮟 end").total == 1
    stored = index.document(document.file_id)
    assert stored is not None
    assert stored.pages[0].text == "before 𠮟 after \ufffd end"
    assert index.find("caf\udce9/a.pdf")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("報告.pdf", ["営業部/報告.pdf", "技術部/報告.pdf"]),
        ("営業部/報告.pdf", ["営業部/報告.pdf"]),
        ("/home/me/営業部/報告.pdf", ["営業部/報告.pdf"]),
        ("営業部\\報告.pdf", ["営業部/報告.pdf"]),
        ("業部/報告.pdf", []),
        ("report.PDF", ["Docs/Ｒｅｐｏｒｔ.pdf", "old/Docs/report.pdf"]),
        ("docs/report.pdf", ["Docs/Ｒｅｐｏｒｔ.pdf"]),
        ("報告", []),
        ("a.pdf", ["a.pdf"]),
        ("x/a.pdf", ["x/a.pdf"]),
        ("y/a.pdf", ["a.pdf"]),
        ("share.docx", ["\\\\nas\\share.docx"]),
        ("ガイド.txt", ["カ\u3099イト\u3099.txt"]),
        ("", []),
    ],
)
def test_files_are_found_by_name_or_path(
    index: SearchIndex, make_document: MakeDocument, asked: str, found: list[str]
) -> None:
    paths = [
        "営業部/報告.pdf",
        "技術部/報告.pdf",
        "Docs/Ｒｅｐｏｒｔ.pdf",
        "old/Docs/report.pdf",
        "a.pdf",
        "x/a.pdf",
    ]
    put(
        index,
        *[make_document(path) for path in paths],
        make_document("\\\\nas\\share.docx", file_name="share.docx"),
        make_document("カ\u3099イト\u3099.txt"),
    )
    assert sorted(summary.file_path for summary in index.find(asked)) == sorted(found)


def test_a_summary_has_the_files_state_and_reason(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "one", "two", state=State.PARTIAL, reason="timeout")
    put(index, document)
    (summary,) = index.find(document.file_id)
    assert (summary.file_name, summary.state, summary.reason, summary.pages) == (
        "a.pdf",
        State.PARTIAL,
        "timeout",
        2,
    )


def test_similar_pictures_are_ranked_by_their_cosine(index: SearchIndex, make_document: MakeDocument) -> None:
    vectors = {
        "same.jpg": direction(2.0),
        "near.jpg": direction(1.0, 1.0),
        "across.jpg": direction(0.0, 5.0),
        "opposite.jpg": direction(-1.0),
        "nothing.jpg": direction(),
        "other-model.jpg": (1.0, 0.0, 0.0),
    }
    put(index, *[make_document(name, vectors=Vectors(image=vector)) for name, vector in vectors.items()])
    put(index, make_document("without.pdf", "text"))
    hits = index.similar(direction(1.0), limit=10)
    assert {hit.file_name: round(hit.score, 5) for hit in hits} == {
        "same.jpg": 1.0,
        "near.jpg": round(math.sqrt(0.5), 5),
        "across.jpg": 0.0,
        "opposite.jpg": -1.0,
    }
    assert [hit.file_name for hit in hits][:2] == ["same.jpg", "near.jpg"]
    assert [hit.file_path for hit in index.similar(direction(1.0), limit=1)] == ["same.jpg"]


def test_a_zero_vector_is_similar_to_nothing(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.jpg", vectors=Vectors(image=direction(1.0))))
    assert index.similar(direction()) == []


def test_a_new_write_removes_the_old_vector(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.jpg", vectors=Vectors(image=direction(1.0))), version=1)
    put(index, make_document("a.jpg", vectors=Vectors(pending=True)), version=2)
    assert index.similar(direction(1.0)) == []


def test_an_empty_index_finds_nothing(index: SearchIndex) -> None:
    assert (index.search("text").total, index.similar(direction(1.0)), index.find("a.pdf")) == (0, [], [])
