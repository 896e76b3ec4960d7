"""The values of the flow: identity, version, state, and what a document says of itself."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.aws.ledger_row import FileRow
from worker.models import (
    Document,
    EventType,
    Extraction,
    FileMessage,
    FileType,
    ObjectVersion,
    Page,
    State,
    TextSource,
    file_id,
)

pytestmark = pytest.mark.unit


def page(text: str = "text", **changes: object) -> Page:
    values: dict[str, object] = {"number": 1, "text": text, "source": TextSource.OCR, **changes}
    return Page(**values)  # type: ignore[arg-type]


def document(*pages: Page) -> Document:
    return Document(
        file_id="f",
        bucket="nas",
        key="a.pdf",
        file_name="a.pdf",
        file_path="a.pdf",
        size_bytes=1,
        file_type=FileType.PDF,
        state=State.INDEXED,
        pages=pages,
    )


def test_a_file_id_is_the_hash_of_bucket_nul_and_key() -> None:
    assert file_id("nas", "営業/a.pdf") == hashlib.sha256("nas\0営業/a.pdf".encode()).hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "bc"), ("ab", "c")),
        (("nas", "a"), ("nas2", "a")),
        (("nas", "A"), ("nas", "a")),
        (("nas", unicodedata.normalize("NFC", "が")), ("nas", unicodedata.normalize("NFD", "が"))),
    ],
)
def test_different_files_have_different_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert file_id(*one) != file_id(*other)


def test_a_key_with_bytes_that_are_no_text_has_an_id_too() -> None:
    key = b"\xff.pdf".decode("utf-8", "surrogateescape")
    assert file_id("nas", key) == hashlib.sha256(b"nas\0\xff.pdf").hexdigest()


def test_a_message_is_shown_by_the_path_people_know() -> None:
    bare = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="k")
    told = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="k", original_path="/営業/a")
    assert (bare.display_path, told.display_path) == ("k", "/営業/a")
    assert bare.file_id == told.file_id == file_id("nas", "k")


@pytest.mark.parametrize(
    ("version_id", "version"), [("v7", "v7"), (None, "etag-5"), ("null", "etag-5"), ("", "etag-5")]
)
def test_a_version_is_the_buckets_own_or_etag_and_size(version_id: str | None, version: str) -> None:
    assert ObjectVersion(etag="etag", size_bytes=5, version_id=version_id).version == version


def test_values_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        page().text = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("file_type", "is_image"),
    [
        (FileType.PDF, False),
        (FileType.JPEG, True),
        (FileType.PNG, True),
        (FileType.TIFF, True),
        (FileType.BMP, True),
        (FileType.GIF, True),
        (FileType.WEBP, True),
        (FileType.DOCX, False),
        (FileType.TEXT, False),
        (FileType.UNSUPPORTED, False),
    ],
)
def test_pictures_are_known_as_pictures(file_type: FileType, is_image: bool) -> None:
    assert file_type.is_image is is_image


def test_a_page_of_an_older_artifact_has_no_doubted_layer() -> None:
    values = page("日本").as_dict()
    del values["layer_text"], values["layer_reason"]

    assert Page.from_dict(values) == page("日本")


@given(
    st.builds(
        Page,
        number=st.integers(min_value=1),
        text=st.text(),
        source=st.sampled_from(TextSource),
        language=st.none() | st.text(),
        confidence=st.none() | st.floats(min_value=0, max_value=100),
        words=st.text(),
        width_px=st.integers(min_value=0),
        height_px=st.integers(min_value=0),
        ocr_s=st.floats(min_value=0, max_value=1e6),
        reason=st.none() | st.text(),
        layer_text=st.none() | st.text(),
        layer_reason=st.none() | st.text(),
    )
)
def test_a_page_comes_back_from_json_as_it_was(one: Page) -> None:
    assert Page.from_dict(json.loads(json.dumps(one.as_dict()))) == one


@pytest.mark.parametrize(
    "changes", [{"source": "dream"}, {"number": None}, {"number": "one"}, {"confidence": []}]
)
def test_rubbish_is_no_page(changes: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Page.from_dict({**page().as_dict(), **changes})
    with pytest.raises(KeyError):
        Page.from_dict({})


@pytest.mark.parametrize(
    ("reason", "pages", "state"),
    [
        (None, (page(),), State.INDEXED),
        (None, (page(""),), State.INDEXED),
        (None, (), State.INDEXED),
        ("timeout", (page(""), page("text", number=2)), State.PARTIAL),
        ("timeout", (page(""),), State.NO_CONTENT),
        ("encrypted", (), State.NO_CONTENT),
    ],
)
def test_the_state_follows_from_the_reason_and_the_text(
    reason: str | None, pages: tuple[Page, ...], state: State
) -> None:
    assert Extraction(file_type=FileType.PDF, pages=pages, reason=reason).state is state


@pytest.mark.parametrize(
    ("pages", "language"),
    [
        ((), None),
        ((page(language=None),), None),
        ((page("日本語の長い文章", language="jpn"), page("short", language="eng")), "jpn"),
        ((page("一", language="jpn"), page("two", language="eng"), page("二三", language="jpn")), "jpn"),
    ],
)
def test_a_document_is_in_the_language_of_most_of_its_text(
    pages: tuple[Page, ...], language: str | None
) -> None:
    assert document(*pages).language == language


@pytest.mark.parametrize(
    ("pages", "confidence"),
    [
        ((), None),
        ((page("layer", confidence=None),), None),
        ((page("", confidence=90.0),), None),
        ((page("aaaa", confidence=90.0), page("bb", confidence=60.0)), 80.0),
        ((page("aaaa", confidence=90.0), page("bbbb", confidence=None)), 90.0),
        ((page("a", confidence=0.0),), 0.0),
        ((page("aaa", confidence=100 / 3),), 33.3),
    ],
)
def test_confidence_is_the_mean_over_recognised_text(
    pages: tuple[Page, ...], confidence: float | None
) -> None:
    assert document(*pages).confidence == confidence


def test_a_document_names_its_sources_once_and_counts_its_text() -> None:
    told = document(page("日本"), page("abc", source=TextSource.TEXT_LAYER), page("d"))
    assert told.text_sources == ("ocr", "text_layer")
    assert told.text_chars == 6


@pytest.mark.parametrize("state", State)
def test_only_an_attempt_under_way_is_unfinished(state: State) -> None:
    assert FileRow(file_id="f", fence=1, state=state).finished is (state is not State.PROCESSING)
