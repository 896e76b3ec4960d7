"""The settings that affect the text of a file, and the limits of one file."""

from __future__ import annotations

from worker.config import Settings
from worker.extract.extraction_key import extraction_key
from worker.extract.read_options import Limits, ReadOptions
from worker.extract.tools import Tools, resolve_options, tool_versions

# For the rendered pages and converted files of one document.
_OUTPUT_BYTES = 1024**3


def limits(settings: Settings) -> Limits:
    """The limits of one document."""
    return Limits(
        max_file_bytes=settings.max_file_bytes,
        max_pixels=settings.max_pixels,
        max_text_chars=settings.max_text_chars,
        page_timeout_s=settings.page_timeout_s,
        document_timeout_s=settings.document_timeout_s,
        document_timeout_per_page_s=settings.document_timeout_per_page_s,
        memory_bytes=settings.memory_bytes,
        cpu_s=settings.cpu_s,
        output_bytes=_OUTPUT_BYTES,
        max_pages=settings.max_pages,
        max_members=settings.max_members,
    )


def read_options(settings: Settings) -> ReadOptions:
    """How documents are read. PDF passwords of a secret store are not among them."""
    return ReadOptions(
        limits=limits(settings),
        languages=settings.languages,
        dpi=settings.ocr_dpi,
        embed_pdf_pictures=settings.embed_pdf_pictures,
        office_thumbnails=settings.office_thumbnails,
        pdf_passwords=_passwords(settings.pdf_passwords.get_secret_value()),
        ocr_engine=settings.ocr_engine,
        second_pass=settings.ocr_second_pass,
        second_pass_confidence=settings.ocr_second_pass_confidence,
        second_pass_max_lines=settings.ocr_second_pass_max_lines,
        second_pass_max_pixels=settings.ocr_second_pass_max_pixels,
    )


def local_extraction_key(settings: Settings, tools: Tools) -> str:
    """The extraction key of files that are read here, with these settings and tools.

    Raises MisconfiguredError where the settings ask for a tool that is missing.
    """
    options = resolve_options(read_options(settings), tools)
    return extraction_key(options, tool_versions(options, tools))


def _passwords(listed: str) -> tuple[str, ...]:
    """One per line; a single line is split at its commas."""
    return tuple(part for part in listed.split("\n" if "\n" in listed else ",") if part)
