"""The real LibreOffice on files made here, in the child process and under its limits.

`make setup` does not install it, so these tests are skipped wherever it is absent, in CI too; what
the worker does with it is shown by tests/unit/extract/test_libre_office.py with a stand-in.
"""

from __future__ import annotations

import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from worker.config import Settings, sandbox_environment
from worker.errors import Code
from worker.extract.extraction_run import Ended, Event, ExtractionRequest, PreviewDrawn
from worker.extract.sandbox import Sandbox
from worker.models import FileType, Page, TextSource
from worker.read_options import ReadOptions

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("soffice") is None,
        reason="LibreOffice is absent: apt-get install --no-install-recommends libreoffice-writer-nogui "
        "libreoffice-calc-nogui libreoffice-impress-nogui",
    ),
]

_OPTIONS = ReadOptions(limits=Settings().limits, languages=("jpn", "eng"), dpi=200)
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


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(options=_OPTIONS, slots=1, work_root=tmp_path / "work", environment=sandbox_environment())
    assert made.start().libre_office
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            made.step(0.05)

    driver = threading.Thread(target=drive, daemon=True)
    driver.start()
    yield made
    over.set()
    driver.join()
    made.close()


def _read(sandbox: Sandbox, folder: Path, name: str, data: bytes) -> tuple[FileType, list[Event]]:
    work = folder / f"{name}-work"
    work.mkdir()
    path = work / "original"
    path.write_bytes(data)
    events: list[Event] = []
    with sandbox.open(ExtractionRequest(path=path, name=name, folder=work)) as run:
        file_type = run.detect()
        run.go()
        while not events or not isinstance(events[-1], Ended):
            event = run.next(0.2)
            if event is not None:
                events.append(event)
    return file_type, events


@pytest.mark.parametrize(
    ("name", "data", "file_type", "text"),
    [
        ("a.rtf", rb"{\rtf1\ansi\ansicpg932 Hello \u22865?\u32004?\par}", FileType.RTF, "Hello 契約"),
        ("a.odt", _open_document("text", "<text:p>昔の契約書</text:p>"), FileType.ODT, "昔の契約書"),
        (
            "a.ods",
            _open_document(
                "spreadsheet",
                '<table:table table:name="t"><table:table-row><table:table-cell '
                'office:value-type="string"><text:p>品名</text:p></table:table-cell></table:table-row>'
                "</table:table>",
            ),
            FileType.ODS,
            "品名",
        ),
    ],
    ids=["rtf", "odt", "ods"],
)
def test_files_are_read_with_their_text_layer_and_a_picture_of_the_first_page(
    sandbox: Sandbox, tmp_path: Path, name: str, data: bytes, file_type: FileType, text: str
) -> None:
    found, events = _read(sandbox, tmp_path, name, data)

    assert found is file_type
    (page,) = (event for event in events if isinstance(event, Page))
    assert page.source is TextSource.TEXT_LAYER
    assert page.text.strip().splitlines()[-1] == text  # LibreOffice gives a sheet a head of its own
    assert PreviewDrawn(drawn=True) in events
    assert events[-1] == Ended()


def test_nothing_is_fetched_from_the_network(sandbox: Sandbox, tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_GET  # noqa: N815  (names that the server asks for)

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
    assert asked == []


@pytest.mark.parametrize(
    ("name", "stream", "file_type"),
    [
        ("a.doc", "WordDocument", FileType.DOC),
        ("a.xls", "Workbook", FileType.XLS),
        ("a.ppt", "PowerPoint Document", FileType.PPT),
    ],
)
def test_a_damaged_file_is_not_read_as_the_text_its_bytes_make(
    sandbox: Sandbox, tmp_path: Path, name: str, stream: str, file_type: FileType
) -> None:
    names = stream.encode("utf-16-le") + b"words that nobody wrote" * 40
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names

    found, events = _read(sandbox, tmp_path, name, data)

    assert found is file_type
    (ended,) = (event for event in events if isinstance(event, Ended))
    assert ended.code is Code.CORRUPT
    assert [event for event in events if isinstance(event, Page)] == []
