"""Small Office files: three are written, their older and open forms are LibreOffice's conversions."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from openpyxl import Workbook
from pptx import Presentation

from worker.samples.documents import write_docx

_CONVERSIONS = {"docx": ("doc", "rtf", "odt"), "xlsx": ("xls", "ods"), "pptx": ("ppt", "odp")}
_CONVERSION_S = 600.0


def office_files() -> Mapping[str, bytes]:
    """Suffix -> a small file; without LibreOffice on this machine the three that are written."""
    with tempfile.TemporaryDirectory(prefix="cis-soak-office-") as name:
        folder = Path(name)
        write_docx(folder / "small.docx", "Report", ("All machines ran.",), (("part", "count"), ("cog", "7")))
        (folder / "small.xlsx").write_bytes(_workbook())
        (folder / "small.pptx").write_bytes(_slides())
        if shutil.which("soffice"):
            for source, targets in _CONVERSIONS.items():
                for target in targets:
                    _convert(folder / f"small.{source}", target)
        return {path.suffix[1:]: path.read_bytes() for path in sorted(folder.glob("small.*"))}


def salt(data: bytes, number: int) -> bytes:
    """The same document in other bytes: a comment of the archive, or bytes behind the end."""
    mark = f"{number:012d}".encode()
    if not data.startswith(b"PK"):
        return data + mark
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = mark
    return file.getvalue()


def _convert(source: Path, target: str) -> None:
    profile = source.parent / "profile"
    subprocess.run(
        [
            *("soffice", "--headless", "--norestore", f"-env:UserInstallation={profile.as_uri()}"),
            *("--convert-to", target, "--outdir", str(source.parent), str(source)),
        ],
        check=True,
        capture_output=True,
        timeout=_CONVERSION_S,
    )


def _workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    for row in range(1, 6):
        sheet.append([row, "cog", row / 7])
    book.save(file)
    return file.getvalue()


def _slides() -> bytes:
    slides, file = Presentation(), io.BytesIO()
    slide = slides.slides.add_slide(slides.slide_layouts[0])
    slide.shapes.title.text = "Report"
    slides.save(file)
    return file.getvalue()
