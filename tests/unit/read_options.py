"""The limits that the unit tests read documents under."""

from __future__ import annotations

from worker.extract.read_options import Limits, ReadOptions

OPTIONS = ReadOptions(
    limits=Limits(
        max_file_bytes=1_000_000,
        max_pixels=50_000_000,
        max_text_chars=1_000_000,
        page_timeout_s=60,
        document_timeout_s=60,
        document_timeout_per_page_s=20,
        memory_bytes=3 * 1024**3,
        cpu_s=600,
        output_bytes=1024**3,
    ),
    languages=("jpn", "eng"),
    dpi=200,
)
