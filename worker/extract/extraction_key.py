"""The extraction key: equal for results that the same options and tools extract from the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from worker.extract.read_options import ReadOptions

PIPELINE_VERSION = "10"
"""Raise it with every change that extracts other text, pages or pictures from the same file."""


def extraction_key(options: ReadOptions, tools: Mapping[str, str]) -> str:
    """16 hex digits over everything that the text of a file depends on.

    `tools` maps the programs and models that read pages to their versions.
    """
    # Timeouts and memory limits are not part of it: what a limit kept from being read is never reused, and
    # what was read without meeting one is the same under any.
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
    return (
        options.second_pass_confidence,
        options.second_pass_max_lines,
        options.second_pass_max_pixels,
    )
