"""Word documents made for the tests, part by part."""

from __future__ import annotations

import zipfile
from pathlib import Path

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMESPACES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def part(body: str, *, root: str = "document", namespace: str = _WORD) -> str:
    return f'<w:{root} xmlns:w="{namespace}" {_NAMESPACES}><w:body>{body}</w:body></w:{root}>'


def archive_of(path: Path, parts: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in {"[Content_Types].xml": "<Types/>", **parts}.items():
            archive.writestr(name, content)
    return path


def docx_of(folder: Path, body: str, **parts: str) -> Path:
    named = {f"word/{name}.xml": content for name, content in parts.items()}
    return archive_of(folder / "a.docx", {**named, "word/document.xml": part(body)})


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
