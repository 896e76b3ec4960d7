"""A neural network that reads the picture of one line: RapidOCR with PP-OCRv6 small (the extra `neural`).

Its own layout is not used: it costs five times a pass of Tesseract and orders vertical text badly. The model
lies in the wheel, nothing is downloaded. Loading it costs 0.8 CPU seconds and 50 MB, so it is loaded by the
first line that needs it, in the child that reads the document; one line then costs 0.06 s. It runs on the
calling thread alone, so that `time.thread_time` tells what it costs.
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
    "Global.max_side_len": 16_000,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
"""A line is longer than the 2000 px that RapidOCR shrinks pages to."""

_loading = threading.Lock()


def read_line(line: Image.Image) -> tuple[str, float]:
    """The text of a line and how sure the network is of it (0..100); "" where it sees none."""
    found = _engine()(np.asarray(line.convert("RGB")))
    if not found.txts:
        return "", 0.0
    return str(found.txts[0]), 100.0 * float(found.scores[0])


def line_reader_version() -> str:
    """The version of RapidOCR, "" where it or its runtime is not installed. Nothing is loaded."""
    if util.find_spec("rapidocr") is None or util.find_spec("onnxruntime") is None:
        return ""
    return metadata.version("rapidocr")


def _engine() -> Any:
    with _loading:  # pages are read by several threads, and the model is loaded once
        return _loaded()


@cache
def _loaded() -> Any:
    import rapidocr  # noqa: PLC0415  (an extra)

    return rapidocr.RapidOCR(params=_PARAMETERS)
