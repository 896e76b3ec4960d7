"""A document as the sources of two indices, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from worker.index.opensearch.documents import PART_CHARS, file_source, has_image, image_source, to_document
from worker.models.document import Document, Vectors
from worker.models.ledger import State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]


def test_text_is_normalised_and_joined(make_document: MakeDocument) -> None:
    source = file_source(make_document("ａ.pdf", "ＡＢＣ商事㈱", "ｶﾅ"), text_vectors=False)
    assert source["ocr_text"] == "ABC商事(株)\nカナ"
    assert [page["text"] for page in source["pages"]] == ["ABC商事(株)", "カナ"]
    assert (source["file_path"], source["path_key"]) == ("ａ.pdf", "a.pdf")


def test_the_streams_are_those_of_the_name_of_each_page_and_of_the_whole(make_document: MakeDocument) -> None:
    document = make_document("x/ａ.pdf", "契約", "覚書")
    source = file_source(document, text_vectors=False, has_words=False)
    assert source["name_pairs"] == "x a pdf"
    assert [page["pairs"] for page in source["pages"]] == ["契約 約", "覚書 書"]
    assert source["body_pairs"] == ["契約 約", "覚書 書"]
    assert "body_words" in file_source(document, text_vectors=False, has_words=True)


@pytest.mark.parametrize("text", ["x" * 20_000, "字 " * 9_000, "line\n" * 5_000, "", "短い"])
def test_a_long_page_is_split_into_parts_that_join_to_it(make_document: MakeDocument, text: str) -> None:
    document = make_document("a.txt", "first", text)
    source = file_source(document, text_vectors=False)
    parts = [page for page in source["pages"] if page["number"] == 2]
    assert all(len(part["text"]) <= PART_CHARS for part in parts)
    assert [part["part"] for part in parts] == list(range(len(parts)))
    assert [page.text for page in to_document(source, None).pages] == ["first", text]


def test_a_page_is_split_at_white_space(make_document: MakeDocument) -> None:
    source = file_source(make_document("a.txt", "word " * 4_000), text_vectors=False)
    assert {word for page in source["pages"] for word in page["text"].split()} == {"word"}


def test_every_page_with_text_gets_its_vector(make_document: MakeDocument) -> None:
    vectors = Vectors(text=((1.0,), (2.0,)), text_model="m")
    document = make_document("a.pdf", "one", " ", "x" * (PART_CHARS + 1), vectors=vectors)
    source = file_source(document, text_vectors=True)
    assert [page.get("text_vector") for page in source["pages"]] == [[1.0], None, [2.0], None]
    assert to_document(source, None).vectors.text == ((1.0,), (2.0,))
    assert not any("text_vector" in page for page in file_source(document, text_vectors=False)["pages"])


def test_a_page_whose_vector_was_refused_leaves_the_others_in_place(make_document: MakeDocument) -> None:
    document = replace(
        make_document("a.pdf", "one", "two", "three"), vectors=Vectors(text=((1.0,), (), (3.0,)))
    )
    source = file_source(document, text_vectors=True)
    assert [page.get("text_vector") for page in source["pages"]] == [[1.0], None, [3.0]]


def test_a_tombstone_is_empty(make_document: MakeDocument) -> None:
    tombstone = make_document("a.pdf", "secret", state=State.TOMBSTONED, vectors=Vectors(image=(1.0,) * 1024))
    assert file_source(tombstone, text_vectors=True) == {"file_id": tombstone.file_id, "state": "tombstoned"}
    assert image_source(tombstone) == {"file_id": tombstone.file_id, "state": "tombstoned"}


@pytest.mark.parametrize(
    ("image", "has_one"),
    [(None, False), ((0.0,) * 1024, False), ((1.0,) * 3, False), ((0.5,) * 1024, True)],
)
def test_only_a_vector_with_a_direction_is_kept(
    make_document: MakeDocument, image: tuple[float, ...] | None, has_one: bool
) -> None:
    document = make_document("a.jpg", vectors=Vectors(image=image))
    assert has_image(document) is has_one
    if has_one:
        assert image_source(document)["image_vector"] == [0.5] * 1024


def test_a_document_survives_the_round_trip(make_document: MakeDocument) -> None:
    page = Page(number=3, text="text", source=TextSource.OCR, language="jpn", confidence=88.5, reason=None)
    document = make_document(
        "x/a.pdf",
        pages=(page,),
        state=State.PARTIAL,
        reason="timeout",
        reason_message="too slow",
        content_hash="c0ffee",
        vectors=Vectors(image=(0.25,) * 1024, image_model="m", pending=True),
        indexed_at="2026-01-01T00:00:00+00:00",
    )
    back = to_document(file_source(document, text_vectors=False), image_source(document))
    assert back == document
    assert to_document(file_source(document, text_vectors=False), None) == replace(
        document, vectors=Vectors(image_model="m", pending=True)
    )


def test_only_pages_that_were_read_by_ocr_have_lookalikes(make_document: MakeDocument) -> None:
    pages = [
        Page(number=number, text="カード", source=source)
        for number, source in enumerate((TextSource.OCR, TextSource.FILE), start=1)
    ]
    read, written = file_source(make_document("a.pdf", pages=tuple(pages)), text_vectors=False)["pages"]
    assert read["lookalikes"]
    assert "lookalikes" not in written
    assert read["pairs"] == written["pairs"]
