"""The key under which a result is kept: equal for equal bytes read in the same way, by the same tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from worker.extract.read_options import ReadOptions

PIPELINE_VERSION = "4"
"""Raise it with every change that makes other text, pages or pictures out of the same file."""


def extraction_key(options: ReadOptions, tools: Mapping[str, str]) -> str:
    """16 hex digits over all that decides what text comes out of a file.

    `tools` maps the programs and models that read pages to their versions. Time-outs and memory limits are
    left out: what they cut short is not complete, and only complete results are used again.
    """
    parts = {
        "pipeline": PIPELINE_VERSION,
        "languages": options.languages,
        "dpi": options.dpi,
        "max_pixels": options.limits.max_pixels,
        "max_text_chars": options.limits.max_text_chars,
        "ocr_engine": options.ocr_engine,
        "second_pass": _second_pass(options),
        "tools": dict(tools),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _second_pass(options: ReadOptions) -> tuple[float, ...] | None:
    if options.second_pass == "off":
        return None
    return (options.second_pass_confidence, options.second_pass_budget_s)
