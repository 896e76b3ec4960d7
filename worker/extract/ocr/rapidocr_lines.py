"""Interface to RapidOCR (PP-OCRv6 small, the extra `neural`): it reads the image of one line.

Its layout analysis is not used: it costs five times a pass of Tesseract and orders vertical text badly.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import metadata, util
from typing import Any

import numpy as np
from PIL import Image

_PARAMETERS = {
    "Global.log_level": "critical",
    "Global.use_det": False,
    "Global.use_cls": False,
    # A line is longer than the 2000 px that RapidOCR reduces pages to.
    "Global.max_side_len": 16_000,
    # On the calling thread alone, so that `time.thread_time` measures what a line costs.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

_loading = threading.Lock()


def read_line(line: Image.Image) -> tuple[str, float]:
    """The text of a line and the network's confidence in it (0..100); "" where it finds none."""
    result = _engine()(np.asarray(line.convert("RGB")))
    if not result.txts:
        return "", 0.0
    return str(result.txts[0]), 100.0 * float(result.scores[0])


def line_reader_version() -> str:
    """The version of RapidOCR, "" where it or its runtime is not installed. Nothing is loaded."""
    if util.find_spec("rapidocr") is None or util.find_spec("onnxruntime") is None:
        return ""
    return metadata.version("rapidocr")


def _engine() -> Any:
    with _loading:  # pages are read by several threads, and the model is loaded once
        return _load()


# The first line that needs the model loads it: 0.8 CPU seconds and 50 MB; a line then costs 0.06 s.
@cache
def _load() -> Any:
    import rapidocr  # noqa: PLC0415  (an extra)

    return rapidocr.RapidOCR(params=_PARAMETERS)
