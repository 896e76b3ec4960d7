"""OCREngine: pictures of pages in, text out; `page_recognition` has the passes over one page."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pdf2image import convert_from_path, pdfinfo_from_path
from pdf2image.exceptions import (
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.image.image_preprocessor import ImagePreprocessor
from worker.extract.language_hint import hint_of, language_of
from worker.extract.ocr.engines import engine_of
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.model_selection import known_model
from worker.extract.ocr.network.reading import label as network_label
from worker.extract.ocr.page_picture import load_grey
from worker.extract.ocr.page_recognition import PageRecognition
from worker.extract.ocr.tesseract_cli import NET_S
from worker.extract.ocr.tesseract_passes import Pass
from worker.models.page import Page, TextSource


class OCREngine:
    """Reads pictures of pages. Thread-safe; it keeps no state between pages.

    `languages` are Tesseract's names, most likely first; `page_timeout_s` ends a program that hangs, and
    decides no text; `dpi` is the resolution of drawn pages. `ocr_engine` is a name in ENGINES; for a
    `second_pass` the network must be installed (extra `neural`).
    """

    def __init__(
        self,
        languages: Sequence[str] = ("jpn", "eng"),
        page_timeout_s: float = NET_S,
        dpi: int = 200,
        *,
        ocr_engine: str = "tesseract",
        second_pass: LineRerecognition | None = None,
    ) -> None:
        if not languages:
            raise MisconfiguredError("OCREngine needs at least one language, for example jpn")
        self.languages = list(languages)
        self.page_timeout_s = page_timeout_s
        self.dpi = dpi
        self._ocr_engine = engine_of(ocr_engine, net_s=page_timeout_s)
        self._second_pass = second_pass

    def read_page(self, image_path: Path, *, number: int, hint: str | None) -> Page:
        """Read the picture of page `number`; `hint` is the model, language or script of a page before it.

        The boxes are in pixels of the picture as it was read: upright, deskewed, upscaled where it was small;
        the page's `transform` goes from there to the picture given.
        Raises OCRError: code `timeout` when Tesseract hung before anything was read, else `ocr_failed`;
        MisconfiguredError when Tesseract or a configured language is not installed.
        """
        started = time.monotonic()
        best = self._read(image_path, hint=hint)
        if best is None:
            return Page(number=number, text="", source=TextSource.BLANK)
        ocr_text = best.ocr_text
        return Page(
            number=number,
            text=ocr_text.text,
            source=TextSource.OCR,
            language=language_of(best.model) if ocr_text.words else None,
            confidence=ocr_text.confidence,
            words=ocr_text.words_json(),
            width_px=best.picture.size_px[0],
            height_px=best.picture.size_px[1],
            transform=best.picture.transform,
            ocr_s=round(time.monotonic() - started, 3),
            engine=self._engine_label(best),
            unread=best.unread,
            message=best.message,
        )

    def _read(
        self, path: Path, *, hint: str | None = None, every_language: bool = False, clean_up: bool = True
    ) -> Pass | None:
        with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
            recognition = PageRecognition(
                path, ocr_engine=self._ocr_engine, folder=Path(folder), dpi=self.dpi
            )
            return recognition.read(
                self.languages,
                first=known_model(self.languages, hint),
                every_language=every_language,
                clean_up=clean_up,
                second_pass=self._second_pass,
            )

    def _engine_label(self, best: Pass) -> str:
        if best.engine:
            return f"{best.engine} {best.model}"
        # With the precision, which the key leaves out: a scan begun on one kind of CPU goes on on another.
        lines = best.second_pass_lines
        second_pass = f" + {lines} lines {network_label(self.languages)}" if lines else ""
        return f"{self._ocr_engine.name} {best.model}{second_pass}"

    # Bound by the specification; the worker itself does not call these.

    def extract_text(
        self, path: Path | str, *, preprocess: bool = False, auto_detect_language: bool = False
    ) -> str:
        """The text of one image.

        `preprocess` applies greyscale, median and Otsu's threshold first. The languages are tried in order
        until a text is plausible; with `auto_detect_language` all of them read it and the best text is kept.
        Raises as `read_page` does, and OCRError when there is no such file.
        """
        path = Path(path)
        if not preprocess:
            return _text_of(self._read(path, every_language=auto_detect_language))
        preprocessed = ImagePreprocessor().process(load_grey(path))
        with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
            picture = Path(folder, "preprocessed.pgm")
            preprocessed.save(picture)
            return _text_of(self._read(picture, every_language=auto_detect_language, clean_up=False))

    def extract_text_from_pdf(self, path: Path | str) -> str:
        """The text of all pages in order by OCR, an empty line between pages.

        Pages are drawn in grey, one at a time. Raises OCRError when there is no such file, or a page cannot
        be drawn or read.
        """
        # A page that fails fails the document: text with a gap would look complete.
        path = Path(path)
        if not path.is_file():
            raise OCRError(f"File not found: {path}", retry_allowed=False)
        with _poppler_errors(path):
            count = int(pdfinfo_from_path(str(path), timeout=math.ceil(self.page_timeout_s))["Pages"])
        texts: list[str] = []
        hint: str | None = None
        for number in range(1, count + 1):
            with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
                page = self.read_page(self._draw(path, number, folder), number=number, hint=hint)
            texts.append(page.text)
            hint = hint_of(page) or hint
        return "\n\n".join(texts)

    def validate_confidence(self, confidence: float, threshold: float = 70.0) -> bool:
        """Whether a page's confidence (0..100) is good enough to rely on."""
        return confidence >= threshold

    def _draw(self, path: Path, number: int, folder: str) -> Path:
        with _poppler_errors(path):
            pictures = convert_from_path(
                path,
                dpi=self.dpi,
                first_page=number,
                last_page=number,
                output_folder=folder,
                grayscale=True,
                paths_only=True,
                timeout=math.ceil(self.page_timeout_s),
            )
        if not pictures:
            raise OCRError(f"{path.name}: page {number} cannot be drawn; the file may be damaged")
        return Path(str(pictures[0]))


def _text_of(best: Pass | None) -> str:
    return best.ocr_text.text if best is not None else ""


@contextmanager
def _poppler_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except PopplerNotInstalledError as error:
        raise MisconfiguredError(
            "The programs pdfinfo and pdftoppm are not on the PATH; install poppler-utils.",
            code=Code.PROGRAM_MISSING,
        ) from error
    except PDFPopplerTimeoutError as error:
        raise OCRError(
            f"{path.name}: not drawn within the time one page may take", code=Code.TIMEOUT
        ) from error
    except (PDFPageCountError, PDFSyntaxError) as error:
        raise OCRError(f"{path.name}: not a PDF that can be drawn", retry_allowed=False) from error
