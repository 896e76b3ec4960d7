"""The programs and libraries that are found."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.capabilities import probe
from worker.extract.ocr import tesseract_api
from worker.extract.ocr.network import models, runtimes
from worker.extract.read_options import ReadOptions
from worker.extract.tools import resolve_options

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn",), dpi=200)


def test_without_the_extras_tesseract_alone_is_found(
    tesseract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tesserocr", "openvino", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    _forget()
    monkeypatch.setattr(util, "find_spec", lambda _name: None)

    found = probe()

    _forget()
    assert (found.tesserocr, found.openvino, found.onnxruntime, found.network) == ("", "", "", "")
    assert resolve_options(_OPTIONS, found).ocr_engine == "tesseract"


def _forget() -> None:
    tesseract_api.library_version.cache_clear()
    runtimes.openvino.cache_clear()
    runtimes.runtime_versions.cache_clear()
    models.model_files.cache_clear()
    models.models_version.cache_clear()
