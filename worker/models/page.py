"""A page: its text, and the source of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The transform of a page whose image is the page as drawn."""


class TextSource(StrEnum):
    """Where a page's text came from, or why it has none.

    `mixed` is a text layer followed by the OCR text of the page's images. A `blank` page has no visible
    content; a `not_read` page was not OCRed because the document has too many pages that need OCR, or because
    its reading ended before.
    """

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    MIXED = "mixed"
    FILE = "file"
    BLANK = "blank"
    NOT_READ = "not_read"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    FAILED = "failed"

    @property
    def is_failure(self) -> bool:
        """Whether the page is empty because its extraction failed."""
        return self in (TextSource.TIMED_OUT, TextSource.CRASHED, TextSource.FAILED)

    @property
    def has_ocr_text(self) -> bool:
        """Whether some of the page's text is from OCR."""
        return self in (TextSource.OCR, TextSource.MIXED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page's text. `number` starts at 1; `confidence` is 0..100, None without OCR.

    `words` is a JSON array of [text, left, top, width, height, confidence] in pixels of an image
    `width_px` x `height_px`, the one that was read; `transform` goes from its pixels to those of the page as
    drawn: (x, y) becomes (a x + b y + c, d x + e y + f).
    `ocr_s` is the wall time of OCR by `engine` (engine and model), `ocr_cpu_s` the CPU time of it, rendering
    included. `unread` are the codes (`errors.UNREAD`) of what is missing on
    a page that was read otherwise; `reason` is that of a page which was cut or lost, and `message` says
    more.
    `layer_reason` says why a PDF's text layer was classified as low quality, and `layer_text` is that
    layer where it is not in `text`; it is stored with the artifact and not searched.
    `member_path` names the file within the document that the page is of, "" for the document's own pages;
    `member_page` is its number in that file, 0 where the page stands for a file that could not be opened.
    """

    number: int
    text: str
    source: TextSource
    language: str | None = None
    confidence: float | None = None
    # Kept serialized: nothing between the OCR engine and the stored artifact uses the words.
    words: str = "[]"
    width_px: int = 0
    height_px: int = 0
    ocr_s: float = 0.0
    reason: str | None = None
    layer_text: str | None = None
    layer_reason: str | None = None
    engine: str | None = None
    ocr_cpu_s: float = 0.0
    unread: tuple[str, ...] = ()
    message: str = field(default="", compare=False)
    transform: tuple[float, ...] = IDENTITY
    member_path: str = ""
    member_page: int = 0

    @property
    def is_lost_member(self) -> bool:
        """Whether it stands for a whole member, which could not be opened."""
        return bool(self.member_path) and self.member_page == 0

    def as_dict(self) -> dict[str, object]:
        """The page as plain values, for JSON."""
        return {**asdict(self), "unread": list(self.unread), "transform": list(self.transform)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Page:
        """A page from plain values; raises KeyError, TypeError or ValueError on invalid data."""
        return cls(
            number=int(values["number"]),
            text=str(values["text"]),
            source=TextSource(values["source"]),
            language=_text_or_none(values["language"]),
            confidence=None if values["confidence"] is None else float(values["confidence"]),
            words=str(values["words"]),
            width_px=int(values["width_px"]),
            height_px=int(values["height_px"]),
            ocr_s=float(values["ocr_s"]),
            reason=_text_or_none(values["reason"]),
            layer_text=_text_or_none(values.get("layer_text")),
            layer_reason=_text_or_none(values.get("layer_reason")),
            engine=_text_or_none(values.get("engine")),  # not in artifacts of version 1
            ocr_cpu_s=float(values.get("ocr_cpu_s", 0.0)),
            unread=tuple(str(code) for code in values.get("unread", ())),
            message=str(values.get("message", "")),
            transform=_transform(values.get("transform", IDENTITY)),
            member_path=str(values.get("member_path", "")),
            member_page=int(values.get("member_page", 0)),
        )


def _transform(values: Any) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if len(numbers) != len(IDENTITY):
        raise ValueError("a transform has six numbers")
    return numbers


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
