"""The types of files: names and MIME types."""

from __future__ import annotations

import mimetypes

import pytest

from worker.file_types import FileType

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


def test_what_is_not_supported_is_just_bytes() -> None:
    assert FileType.UNSUPPORTED.mime_type == "application/octet-stream"
