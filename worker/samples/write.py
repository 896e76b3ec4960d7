"""The sample documents of the demo and the tests, with the expected result of each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from worker.errors import Code
from worker.models.file import FileType
from worker.models.ledger import State
from worker.samples import texts as sample_texts
from worker.samples.documents import write_docx, write_pdf
from worker.samples.fonts import Font
from worker.samples.pictures import write_drawing, write_fax, write_invoice, write_sign_photo
from worker.samples.scans import write_scan

SCAN_PAGES = 12
_PASSWORD = "aoba-2025"  # noqa: S105 - of a sample that must stay closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One file, its ground truth, and the state and reason that the worker must reach.

    `kind` is the kind of business document; `page_truths` is the text of each page, empty where
    nothing is readable; `language` is a Tesseract language, None where there is no text.
    """

    path: Path
    kind: str
    file_type: FileType
    page_truths: tuple[str, ...] = ()
    language: str | None = None
    state: State = State.INDEXED
    reason: Code | None = None

    @property
    def pages(self) -> int:
        """The number of readable pages."""
        return len(self.page_truths)

    @property
    def truth(self) -> str:
        """The text, pages separated by form feeds as by pdftotext."""
        return "\f".join(self.page_truths)


def write_samples(folder: Path) -> list[Sample]:
    """Write all samples into `folder`, and the text of each to `folder/truth/<file>.txt`.

    The bytes are reproducible. Raises MisconfiguredError when the Japanese fonts are missing.
    """
    truths = folder / "truth"
    truths.mkdir(parents=True, exist_ok=True)
    samples = [*_pdfs(folder), *_pictures(folder), *_texts(folder), *_unreadable(folder)]
    for sample in samples:
        (truths / f"{sample.path.name}.txt").write_text(sample.truth, encoding="utf-8")
    return samples


def _pdfs(folder: Path) -> list[Sample]:
    born_digital = (
        ("営業報告書.pdf", "sales report", sample_texts.SALES_REPORT, Font.GOTHIC, "jpn"),
        (
            "技術仕様書.pdf",
            "technical specification",
            sample_texts.TECHNICAL_SPECIFICATION,
            Font.MINCHO,
            "jpn",
        ),
        ("service_agreement.pdf", "contract", sample_texts.SERVICE_AGREEMENT, Font.VERA, "eng"),
    )
    samples = []
    for name, kind, pages, font, language in born_digital:
        path = folder / name
        write_pdf(path, pages, font=font)
        samples.append(
            Sample(path=path, kind=kind, file_type=FileType.PDF, page_truths=pages, language=language)
        )
    path = folder / "地域産業白書_スキャン.pdf"
    truths = tuple(write_scan(path, SCAN_PAGES))
    scan = Sample(
        path=path, kind="scanned report", file_type=FileType.PDF, page_truths=truths, language="jpn"
    )
    return [*samples, scan]


def _pictures(folder: Path) -> list[Sample]:
    single = (
        ("請求書.jpg", "invoice", FileType.JPEG, write_invoice),
        ("現場写真.jpg", "photo with text", FileType.JPEG, write_sign_photo),
        ("取付ブラケット図面.png", "drawing", FileType.PNG, write_drawing),
    )
    samples = [
        Sample(
            path=folder / name,
            kind=kind,
            file_type=file_type,
            page_truths=(write(folder / name),),
            language="jpn",
        )
        for name, kind, file_type, write in single
    ]
    path = folder / "correspondence_fax.tiff"
    fax = Sample(
        path=path, kind="letters", file_type=FileType.TIFF, page_truths=write_fax(path), language="eng"
    )
    return [*samples, fax]


def _texts(folder: Path) -> list[Sample]:
    contract = folder / "業務委託契約書.docx"
    truth = write_docx(
        contract,
        sample_texts.CONTRACT_TITLE,
        sample_texts.CONTRACT_PARAGRAPHS,
        sample_texts.CONTRACT_TABLE,
    )
    minutes = folder / "議事録_sjis.txt"
    minutes.write_bytes(sample_texts.MINUTES.encode("shift_jis"))
    return [
        Sample(path=contract, kind="contract", file_type=FileType.DOCX, page_truths=(truth,), language="jpn"),
        Sample(
            path=minutes,
            kind="minutes",
            file_type=FileType.TEXT,
            page_truths=(sample_texts.MINUTES,),
            language="jpn",
        ),
    ]


def _unreadable(folder: Path) -> list[Sample]:
    encrypted = folder / "人事評価表_暗号化.pdf"
    write_pdf(encrypted, sample_texts.PERSONNEL_REVIEW, font=Font.GOTHIC, password=_PASSWORD)
    corrupt = folder / "破損ファイル.pdf"
    # A valid header, so that it is detected as PDF, and nothing valid after it.
    corrupt.write_bytes(b"%PDF-1.7\n" + random.Random(7).randbytes(20_000))
    return [
        Sample(
            path=encrypted,
            kind="encrypted PDF",
            file_type=FileType.PDF,
            state=State.NO_CONTENT,
            reason=Code.ENCRYPTED,
        ),
        Sample(
            path=corrupt,
            kind="corrupt PDF",
            file_type=FileType.PDF,
            state=State.NO_CONTENT,
            reason=Code.CORRUPT,
        ),
    ]
