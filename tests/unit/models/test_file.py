"""The types of files: names and MIME types."""

from __future__ import annotations

import hashlib
import mimetypes
import unicodedata

import pytest

from worker.models.file import EventType, FileMessage, FileType, ObjectVersion, file_id

pytestmark = pytest.mark.unit


def test_every_type_has_a_mime_type_and_only_pictures_are_images() -> None:
    pictures = {kind.value for kind in FileType if kind.is_image}

    assert pictures == {"jpg", "png", "tiff", "bmp", "gif", "webp", "heic", "jp2"}
    assert all("/" in kind.mime_type for kind in FileType)


@pytest.mark.parametrize(
    "kind", ["pdf", "jpg", "png", "docx", "xlsx", "pptx", "doc", "xls", "odt", "csv", "html"]
)
def test_the_value_is_the_usual_extension_of_the_mime_type(kind: str) -> None:
    known = mimetypes.MimeTypes()

    assert known.guess_type(f"a.{kind}")[0] in (FileType(kind).mime_type, None)


def test_an_unsupported_file_has_the_mime_type_of_bytes() -> None:
    assert FileType.UNSUPPORTED.mime_type == "application/octet-stream"


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


def test_a_key_that_is_not_utf_8_has_an_id_too() -> None:
    key = b"\xff.pdf".decode("utf-8", "surrogateescape")
    assert file_id("nas", key) == hashlib.sha256(b"nas\0\xff.pdf").hexdigest()


def test_a_message_is_displayed_by_its_original_path() -> None:
    bare = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="k")
    moved = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="k", original_path="/営業/a")
    assert (bare.display_path, moved.display_path) == ("k", "/営業/a")
    assert bare.file_id == moved.file_id == file_id("nas", "k")


@pytest.mark.parametrize(
    ("version_id", "version"), [("v7", "v7"), (None, "etag-5"), ("null", "etag-5"), ("", "etag-5")]
)
def test_a_version_is_the_version_id_or_etag_and_size(version_id: str | None, version: str) -> None:
    assert ObjectVersion(etag="etag", size_bytes=5, version_id=version_id).version == version


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
def test_image_types_are_images(file_type: FileType, is_image: bool) -> None:
    assert file_type.is_image is is_image
