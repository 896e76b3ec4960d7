"""A home with a scan in it, as `ingest` leaves it, without the ingest."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from PIL import Image

from tests.unit.cli.test_search import document
from worker.document.packing import pack_extraction
from worker.home.folder import Home
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document, Extraction
from worker.models.file import FileType
from worker.models.page import Page, TextSource

SIZE_PX = (100, 60)
WORDS = '[["本日", 20, 20, 40, 20, 90]]'


def scan_page(**changes: object) -> Page:
    """A page with one word."""
    page = Page(
        number=1, text="本日", source=TextSource.OCR, words=WORDS, width_px=SIZE_PX[0], height_px=SIZE_PX[1]
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def add_scan(home: Home, path: Path, *pages: Page, **changes: object) -> Document:
    """Write a picture, and put it into the home with its pages."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("1", SIZE_PX, 1).save(path, "PDF" if path.suffix == ".pdf" else "PNG")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file_type = FileType.PDF if path.suffix == ".pdf" else FileType.PNG
    key = f"artifacts/{digest}/{file_type.value}-key"
    added = replace(
        document(str(path)),
        pages=pages,
        file_type=file_type,
        content_hash=digest,
        artifact_key=key,
        **changes,  # type: ignore[arg-type]
    )
    (home.folder / key).parent.mkdir(parents=True, exist_ok=True)
    (home.folder / key).write_bytes(b"".join(pack_extraction(Extraction(file_type=file_type, pages=pages))))
    with closing(SqliteIndex(home.index_path)) as index:
        index.index_document(added, version=1)
    return added
