"""The settings of reading documents: languages, OCR, and the limits of one document."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from worker.runtime.machine.cpus import usable_cpus


class ReadingSettings(BaseSettings):
    """What decides the text of a document, and what ends its reading."""

    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("jpn", "eng"), description="OCR languages, most likely first, separated by commas."
    )
    slots: int = Field(default_factory=usable_cpus, ge=1, description="Pages OCRed at a time.")
    ocr_dpi: int = Field(default=200, ge=72, le=600, description="Resolution at which pages are rendered.")
    ocr_engine: Literal["auto", "tesseract", "tesserocr"] = Field(
        default="auto", description="OCR engine: auto is tesserocr where it is installed."
    )
    ocr_second_pass: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="A neural network reads pages and uncertain lines: auto is on where it is installed.",
    )
    ocr_second_pass_confidence: float = Field(
        default=90.0, ge=0, le=100, description="Lines below this confidence get a second pass."
    )
    ocr_second_pass_max_lines: int = Field(
        default=40, gt=0, description="Lines of one page that get a second pass."
    )
    ocr_second_pass_max_pixels: int = Field(
        default=1_000_000, gt=0, description="Pixels of those lines, each drawn 48 pixels high."
    )
    # Nets against what hangs: ten times what the hardest page takes, so that they decide no text.
    page_timeout_s: float = Field(default=120.0, gt=0, description="Seconds of work one page may take.")
    document_timeout_s: float = Field(
        default=900.0, gt=0, description="Seconds of work one document may take, without its pages."
    )
    document_timeout_per_page_s: float = Field(
        default=60.0, ge=0, description="Seconds added to the document's timeout for each page."
    )
    max_file_bytes: int = Field(
        default=512 * 1024**2, gt=0, description="Larger files are indexed by name only."
    )
    # Where Pillow itself raises DecompressionBombError: twice its MAX_IMAGE_PIXELS.
    max_pixels: int = Field(
        default=178_956_970, gt=0, description="Larger pictures are rejected before they are decoded."
    )
    max_pages: int = Field(
        default=2_000, gt=0, description="Pages OCRed of one document; text layers are read beyond it."
    )
    max_text_chars: int = Field(
        default=20_000_000, gt=0, description="Characters of text kept of one document."
    )
    max_members: int = Field(
        default=5_000, gt=0, description="Files read of one mail or archive, those within others included."
    )
    pdf_passwords: SecretStr = Field(
        default=SecretStr(""), description="Passwords tried on PDFs, one a line, else separated by commas."
    )
    pdf_passwords_secret: str = Field(
        default="", description="Name or ARN of a secret in AWS Secrets Manager with more such passwords."
    )
    memory_bytes: int = Field(
        default=3 * 1024**3, gt=0, description="Address space of the process that reads a document."
    )
    cpu_s: int = Field(default=3_600, gt=0, description="CPU seconds of the process that reads a document.")
    office_thumbnails: bool = Field(
        default=True, description="Whether LibreOffice, where installed, draws thumbnails of Office files."
    )

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        document_s = self.document_timeout_s + self.document_timeout_per_page_s
        if self.page_timeout_s > document_s:
            raise ValueError(
                f"CIS_PAGE_TIMEOUT_S ({self.page_timeout_s:g}) is more than a document of one page may take, "
                f"CIS_DOCUMENT_TIMEOUT_S and CIS_DOCUMENT_TIMEOUT_PER_PAGE_S ({document_s:g}); "
                "raise these, or lower that"
            )
        return self

    @field_validator("languages", mode="before")
    @classmethod
    def _split_languages(cls, value: object) -> object:
        """Parted by `+` as well, as Tesseract's own option writes them."""
        return split_at_commas(value.replace("+", ",") if isinstance(value, str) else value)

    @field_validator("languages")
    @classmethod
    def _require_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one language, for example jpn,eng")
        return value


def split_at_commas(value: object) -> object:
    """The parts of a text between its commas; anything else as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value
