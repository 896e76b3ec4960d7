"""Other programs that read scans, each in an environment of its own, made when it is first needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PEERS = _ROOT / ".tools" / "peers"
_LOCK = Path(__file__).with_name("ocrmypdf.lock")
_STAMP = "made-from"


def ocrmypdf() -> Path:
    """The program `ocrmypdf`, installed from its lock where it is missing or of another version."""
    folder = _PEERS / "ocrmypdf"
    stamp = folder / _STAMP
    if not stamp.is_file() or stamp.read_text() != _LOCK.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv") or str(_ROOT / ".tools" / "bin" / "uv")
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        python = str(folder / "bin" / "python")
        for command in (
            [uv, "venv", "--quiet", str(folder)],
            [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", str(_LOCK)],
        ):
            subprocess.run(command, env=environment, check=True)
        stamp.write_text(_LOCK.read_text())
    return folder / "bin" / "ocrmypdf"


def ocrmypdf_s(pdf: Path, languages: str) -> float:
    """Wall seconds of OCRmyPDF on two cores, from a scan to a PDF with a text layer."""
    out = pdf.with_suffix(".out.pdf")
    command = [str(ocrmypdf()), "-q", "-l", languages, "-j", "2", "--output-type", "pdf", str(pdf), str(out)]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - began
    out.unlink()
    return seconds
