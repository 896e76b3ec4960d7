"""Bounds of what a document process says about what it could not read; its types are checked before.

All of them raise ProtocolError, which quotes no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worker.errors import OF_THUMBNAIL, UNREAD, Code
from worker.models.page import IDENTITY, Page
from worker.sandbox.channel import ProtocolError

MAX_MESSAGE_CHARS = 500
"""What a message for users may have: it is stored in the ledger's row and in the index."""

FAULTS = frozenset({Code.UNAVAILABLE, Code.LOCAL_FAULT, Code.MISCONFIGURED, Code.PROGRAM_MISSING})
"""What ends a reading beside the codes in UNREAD: the machine cannot work, which the worker verifies."""


def distinct(page: Page) -> Page:
    """The page with each of its codes once, as its worker wants it."""
    return replace(page, unread=tuple(dict.fromkeys(page.unread))) if page.unread else page


def check_codes(codes: Sequence[str], where: str) -> None:
    """Codes of what is not read, each of them once."""
    if any(code not in UNREAD for code in codes):
        raise ProtocolError(f"{where} has a code that says nothing of what is not read")
    if len(set(codes)) < len(codes):
        raise ProtocolError(f"{where} has a code for the second time")


def check_message(message: str, where: str) -> None:
    """A message for users is short."""
    if len(message) > MAX_MESSAGE_CHARS:
        raise ProtocolError(f"{where} is longer than {MAX_MESSAGE_CHARS} characters")


def check_page(page: Page, where: str, *, most: int) -> None:
    """A page that can be stored, and read again."""
    figures = (page.width_px, page.height_px, page.ocr_s, page.ocr_cpu_s)
    if not 1 <= page.number <= most or min(figures) < 0 or len(page.transform) != len(IDENTITY):
        raise ProtocolError(f"{where} is out of range")
    if page.reason is not None:
        check_codes([page.reason], f"{where}.reason")
    check_codes(page.unread, f"{where}.unread")
    check_message(page.message, f"{where}.message")


def check_failure(code: Code, message: str, where: str) -> None:
    """Why a document is not read, or not further."""
    if code not in FAULTS:
        check_codes([code], f"{where}.code")
    check_message(message, f"{where}.message")


def check_preview(code: Code | None, where: str) -> None:
    """Why a document has no thumbnail."""
    if code is not None and code not in OF_THUMBNAIL:
        raise ProtocolError(f"{where}.code says nothing of a thumbnail")
