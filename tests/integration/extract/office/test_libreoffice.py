"""The real LibreOffice on files made here, in the child process and under its limits.

Its failures are tested with a stand-in, in tests/unit/extract/office/test_libreoffice.py.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pptx
import pytest
from docx.enum.text import WD_BREAK
from openpyxl.comments import Comment
from PIL import Image

from worker.config import Settings, sandbox_environment
from worker.document.options_from_settings import limits
from worker.errors import Code
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.metafile import metafile_text
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import THUMBNAIL_NAME, ExtractionRequest, PreviewDone
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = " ".join(
    f'xmlns:{name}="{_OFFICE}:{name}:1.0"' for name in ("office", "text", "table", "drawing", "manifest")
)


def _open_document(kind: str, body: str) -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    element = {"text": "text", "spreadsheet": "spreadsheet"}[kind]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", mime)
        archive.writestr(
            "content.xml",
            f'<office:document-content {_NAMES} xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'xmlns:draw="{_OFFICE}:drawing:1.0" xmlns:svg="{_OFFICE}:svg-compatible:1.0" '
            f'office:version="1.2"><office:body><office:{element}>{body}</office:{element}></office:body>'
            "</office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest {_NAMES}><manifest:file-entry manifest:full-path="/" '
            f'manifest:media-type="{mime}"/><manifest:file-entry manifest:full-path="content.xml" '
            'manifest:media-type="text/xml"/></manifest:manifest>',
        )
    return buffer.getvalue()


@pytest.fixture(scope="module")
def sandbox(
    tmp_path_factory: pytest.TempPathFactory, require_program: Callable[[str], str]
) -> Iterator[Sandbox]:
    require_program("soffice")
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox = Sandbox(options=_OPTIONS, slots=1, work_root=folder / "work", environment=sandbox_environment())
    assert sandbox.start().libre_office
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            sandbox.step(0.05)

    driver = threading.Thread(target=drive, daemon=True)
    driver.start()
    yield sandbox
    over.set()
    driver.join()
    sandbox.close()


def _read(sandbox: Sandbox, folder: Path, name: str, data: bytes) -> tuple[FileType, list[Event]]:
    work = folder / f"{name}-work"
    work.mkdir()
    path = work / "original"
    path.write_bytes(data)
    events: list[Event] = []
    with sandbox.open(ExtractionRequest(path=path, name=name, folder=work)) as run:
        file_type = run.detect()
        run.go()
        while not events or not isinstance(events[-1], ReadingEnded):
            event = run.next(0.2)
            if event is not None:
                events.append(event)
    return file_type, events


def _text_of(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Page))


@pytest.mark.parametrize(
    ("name", "data", "file_type", "text"),
    [
        ("a.rtf", rb"{\rtf1\ansi\ansicpg932 Hello \u22865?\u32004?\par}", FileType.RTF, "Hello 契約"),
        ("a.odt", _open_document("text", "<text:p>昔の契約書</text:p>"), FileType.ODT, "昔の契約書"),
    ],
    ids=["rtf", "odt"],
)
def test_texts_are_read_from_a_pdf_with_a_preview_of_the_first_page(
    sandbox: Sandbox, tmp_path: Path, name: str, data: bytes, file_type: FileType, text: str
) -> None:
    found, events = _read(sandbox, tmp_path, name, data)

    assert found is file_type
    (page,) = (event for event in events if isinstance(event, Page))
    assert (page.source, page.text) == (TextSource.TEXT_LAYER, text)
    assert PreviewDone(drawn=True) in events
    assert events[-1] == ReadingEnded()


def _as_older(newer: Path, *, reader: str, writer: str) -> bytes:
    conversion = Conversion(suffix=newer.suffix[1:], reader=reader, writer=writer)
    return convert(newer, conversion, timeout_s=120.0).read_bytes()


@pytest.mark.parametrize(
    ("name", "writer", "file_type"),
    [("a.xls", "xls:MS Excel 97", FileType.XLS), ("a.ods", "ods:calc8", FileType.ODS)],
)
def test_a_sheet_keeps_hidden_sheets_comments_and_narrow_columns(
    sandbox: Sandbox, tmp_path: Path, name: str, writer: str, file_type: FileType
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["売上", date(2025, 3, 31), 0.25, 123456789])
    book.active["B1"].number_format = "yyyy/m/d"
    book.active["C1"].number_format = "0%"
    for column in "ABCD":
        book.active.column_dimensions[column].width = 1
    book.active["A1"].comment = Comment("税抜き", "経理")
    book.create_sheet("非表示").append(["見えない"])
    book["非表示"].sheet_state = "hidden"
    book.save(tmp_path / "newer.xlsx")
    older = _as_older(tmp_path / "newer.xlsx", reader="Calc MS Excel 2007 XML", writer=writer)

    found, events = _read(sandbox, tmp_path, name, older)

    assert found is file_type
    text = _text_of(events)
    for part in ("売上", "2025-03-31", "25%", "123456789", "税抜き", "見えない"):
        assert part in text
    assert PreviewDone(drawn=True) in events
    assert events[-1] == ReadingEnded()


@pytest.mark.parametrize(
    ("name", "writer", "file_type"),
    [("a.ppt", "ppt:MS PowerPoint 97", FileType.PPT), ("a.odp", "odp:impress8", FileType.ODP)],
)
def test_a_slide_keeps_its_notes_and_its_pictures(
    sandbox: Sandbox, tmp_path: Path, name: str, writer: str, file_type: FileType
) -> None:
    deck = pptx.Presentation()
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"第{number}章"
        slide.notes_slide.notes_text_frame.text = f"発表者のメモ{number}"
    deck.save(str(tmp_path / "newer.pptx"))
    older = _as_older(tmp_path / "newer.pptx", reader="Impress MS PowerPoint 2007 XML", writer=writer)

    found, events = _read(sandbox, tmp_path, name, older)

    assert found is file_type
    pages = [event for event in events if isinstance(event, Page)]
    assert [page.number for page in pages] == [1, 2]
    for page in pages:
        assert f"第{page.number}章" in page.text
        assert f"発表者のメモ{page.number}" in page.text
    assert PreviewDone(drawn=True) in events
    assert events[-1] == ReadingEnded()


def test_a_word_file_has_its_pages_and_its_comments(sandbox: Sandbox, tmp_path: Path) -> None:
    document = docx.Document()
    run = document.add_paragraph().add_run("契約書の本文")
    document.add_comment(run, text="金額を確認", author="経理")
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("二ページ目")
    document.save(str(tmp_path / "newer.docx"))
    older = _as_older(tmp_path / "newer.docx", reader="MS Word 2007 XML", writer="doc:MS Word 97")

    found, events = _read(sandbox, tmp_path, "a.doc", older)

    assert found is FileType.DOC
    first, second = (event for event in events if isinstance(event, Page))
    assert "契約書の本文" in first.text
    assert "金額を確認" in first.text
    assert "二ページ目" in second.text


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
def test_newer_files_have_a_preview_of_their_first_page(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "docx":
        document = docx.Document()
        document.add_paragraph("稟議書" * 20)
        document.save(str(path))
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["売上", 1])
        book.save(path)
    else:
        deck = pptx.Presentation()
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "計画"
        deck.save(str(path))

    _, events = _read(sandbox, tmp_path, path.name, path.read_bytes())

    assert PreviewDone(drawn=True) in events
    with Image.open(tmp_path / f"{path.name}-work" / THUMBNAIL_NAME) as thumbnail:
        assert max(thumbnail.size) == 512
        greys = np.asarray(thumbnail.convert("L"))
        assert greys.max() > 240
        assert greys.min() < 128


def test_the_text_of_a_real_metafile_is_read(tmp_path: Path, require_program: Callable[[str], str]) -> None:
    require_program("soffice")
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "構成図 Overview 2025"
    deck.save(str(tmp_path / "a.pptx"))
    for kind in ("emf", "wmf"):
        drawn = _as_older(
            tmp_path / "a.pptx",
            reader="Impress MS PowerPoint 2007 XML",
            writer=f"{kind}:impress_{kind}_Export",
        )
        assert "構成図 Overview 2025" in (metafile_text(drawn) or "")


def test_nothing_is_fetched_from_the_network(sandbox: Sandbox, tmp_path: Path) -> None:
    requests: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_GET  # noqa: N815  (names that the server calls)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = f'xlink:href="http://127.0.0.1:{server.server_port}/x" xlink:type="simple"'
        body = (
            "<text:p>text</text:p><text:p><draw:frame text:anchor-type='as-char' svg:width='5cm' "
            f"svg:height='5cm'><draw:image {link} xlink:show='embed' xlink:actuate='onLoad'/></draw:frame>"
            f"</text:p><text:section text:name='s'><text:section-source {link}/></text:section>"
        )
        _, events = _read(sandbox, tmp_path, "a.odt", _open_document("text", body))
        server.shutdown()

    assert [page.text.strip() for page in events if isinstance(page, Page)] == ["text"]
    assert requests == []


@pytest.mark.parametrize(
    ("name", "stream", "file_type"),
    [
        ("a.doc", "WordDocument", FileType.DOC),
        ("a.xls", "Workbook", FileType.XLS),
        ("a.ppt", "PowerPoint Document", FileType.PPT),
    ],
)
def test_a_damaged_file_is_not_read_as_plain_text(
    sandbox: Sandbox, tmp_path: Path, name: str, stream: str, file_type: FileType
) -> None:
    names = stream.encode("utf-16-le") + b"words that are no text" * 40
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names

    found, events = _read(sandbox, tmp_path, name, data)

    assert found is file_type
    (ended,) = (event for event in events if isinstance(event, ReadingEnded))
    assert ended.code is Code.CORRUPT
    assert [event for event in events if isinstance(event, Page)] == []
