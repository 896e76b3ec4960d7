"""OCREngine: one picture in, one `Page` out, in as few passes of the recogniser as will do.

The usual page takes exactly one pass: the picture's path goes straight to the recogniser, and of the
picture only the header is looked at here. Only a reading that is poor or fits its language badly is
followed by others, within the same time budget:

    poor (or no words): is there ink? -> level a skewed page -> turn one that stands on its side or head
    then, fits badly:   ask one more language, or vertical text, as the script suggests

and the most believable reading is kept. Pictures of few pixels are doubled first, small letters read better.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pdf2image import convert_from_path, pdfinfo_from_path
from pdf2image.exceptions import (
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)
from PIL import Image

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.image_preprocessor import ImagePreprocessor, has_ink, skew_degrees, to_grey
from worker.extract.language import (
    better,
    first_language,
    fits,
    is_poor,
    language_of,
    next_model,
    psm_of,
)
from worker.extract.recognisers import installed_languages, recognise, rotation_degrees
from worker.extract.tsv import Reading, parse
from worker.models import Page, TextSource

_SMALL_PX = 500_000
"""Pictures below are doubled: 12 px letters are read at 0.96 instead of 0.86 of the truth, from 20 px on
(800 x 690 in the same layout) it makes no difference and costs a quarter more time."""
_OSD_MODEL = "osd"
_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """One pass: the model that read, what it read, and the size of the picture it read."""

    model: str
    reading: Reading
    size_px: tuple[int, int]


class OCREngine:
    """Reads pictures of pages. May be used by several threads at once; it keeps no state between pages.

    `languages` are Tesseract's names, most likely first; `page_timeout_s` is the wall time one page may
    take, all passes together; `dpi` is the resolution `extract_text_from_pdf` draws pages at.
    """

    def __init__(
        self, languages: Sequence[str] = ("jpn", "eng"), page_timeout_s: float = 60.0, dpi: int = 200
    ) -> None:
        if not languages:
            raise MisconfiguredError("OCREngine needs at least one language, for example jpn")
        self.languages = list(languages)
        self.page_timeout_s = page_timeout_s
        self.dpi = dpi

    def read_page(self, image_path: Path, *, number: int, hint: str | None) -> Page:
        """Read the picture of page `number`; `hint` is the language of a page read before, if any.

        Raises OCRError: code `timeout` when the budget passed before anything was read, else
        `ocr_failed`; MisconfiguredError when Tesseract or a configured language is not installed.
        """
        started = time.monotonic()
        kept = self._read(image_path, hint=hint)
        reading = kept.reading
        return Page(
            number=number,
            text=reading.text,
            source=TextSource.OCR,
            language=language_of(kept.model) if reading.words else None,
            confidence=reading.confidence,
            words=reading.words_json(),
            width_px=kept.size_px[0],
            height_px=kept.size_px[1],
            ocr_s=round(time.monotonic() - started, 3),
        )

    def extract_text(
        self, path: Path | str, *, preprocess: bool = False, auto_detect_language: bool = False
    ) -> str:
        """The text of one picture.

        `preprocess` cleans it up first (grey, median, Otsu). The languages are tried in their order until
        one fits; with `auto_detect_language` all of them read the picture and the best reading is kept.
        Raises as `read_page` does, and OCRError when there is no such file.
        """
        path = _existing(path)
        if not preprocess:
            return self._read(path, every_language=auto_detect_language).reading.text
        with tempfile.TemporaryDirectory(prefix="ocr-") as folder, _opened(path) as image:
            clean = Path(folder, "clean.pgm")
            ImagePreprocessor().process(image).save(clean)
            return self._read(clean, every_language=auto_detect_language).reading.text

    def extract_text_from_pdf(self, path: Path | str) -> str:
        """The recognised text of all pages in order, an empty line between pages.

        Pages are drawn grey, one at a time. Raises OCRError when a page cannot be drawn or read: text with
        a silent gap would look complete.
        """
        path = _existing(path)
        texts: list[str] = []
        hint: str | None = None
        with _poppler_errors(path):
            count = int(pdfinfo_from_path(str(path), timeout=self.page_timeout_s)["Pages"])
        for number in range(1, count + 1):
            with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
                page = self.read_page(self._drawn(path, number, folder), number=number, hint=hint)
            texts.append(page.text)
            hint = page.language or hint
        return "\n\n".join(texts)

    def validate_confidence(self, confidence: float, threshold: float = 70.0) -> bool:
        """Whether a page's confidence (0..100) is good enough to rely on."""
        return confidence >= threshold

    def _drawn(self, path: Path, number: int, folder: str) -> Path:
        with _poppler_errors(path):
            drawn = convert_from_path(
                path,
                dpi=self.dpi,
                first_page=number,
                last_page=number,
                output_folder=folder,
                grayscale=True,
                paths_only=True,
                timeout=self.page_timeout_s,
            )
        if not drawn:
            raise OCRError(f"{path.name}: page {number} cannot be drawn; the file may be damaged")
        return Path(str(drawn[0]))

    def _read(self, path: Path, *, hint: str | None = None, every_language: bool = False) -> _Try:
        with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
            page = _PageReader(path, folder=Path(folder), timeout_s=self.page_timeout_s)
            kept = page.read(first_language(self.languages, hint))
            # Whatever goes wrong from here on, there is a reading to keep.
            with suppress(OCRError, MemoryError):
                page.improve(kept, self.languages)
                if every_language and kept.reading.words:
                    page.read_all(self.languages)
            return page.kept


class _PageReader:
    """The passes over one page: the picture as it stands by now, the budget, the best reading so far."""

    def __init__(self, path: Path, *, folder: Path, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._name = path.name
        self._folder = folder
        self._picture = path
        self._tried: list[str] = []
        self._kept: _Try | None = None
        with _opened(path) as image:
            self._size_px = image.size
            if image.width * image.height < _SMALL_PX:
                grey = to_grey(image)
                self._replace(grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC))

    @property
    def kept(self) -> _Try:
        """The most believable reading so far; there is one after the first `read`."""
        if self._kept is None:
            raise OCRError(f"{self._name}: nothing was read yet")
        return self._kept

    def read(self, model: str) -> _Try:
        """One pass with this model over the picture as it is now; it is kept if it is the best."""
        left_s = self._deadline - time.monotonic()
        tsv = recognise(self._picture, language=model, psm=psm_of(model), timeout_s=left_s)
        try:
            reading = parse(tsv)
        except ValueError as error:
            raise OCRError(f"{self._name}: Tesseract's output cannot be understood: {error}") from error
        this = _Try(model=model, reading=reading, size_px=self._size_px)
        self._tried.append(model)
        if self._kept is None:
            self._kept = this
        else:
            best = better((self._kept.model, self._kept.reading), (model, reading))
            self._kept = this if best[1] is reading else self._kept
        return this

    def improve(self, last: _Try, languages: Sequence[str]) -> None:
        """Doubt first the picture (a turned page is poor in every language), then the language."""
        if is_poor(last.reading):
            last = self._straighten(last)
        while not fits(last.reading, last.model):
            model = next_model(last.reading, last.model, languages, self._tried)
            if model is None or not (model in languages or model in installed_languages()):
                return
            last = self.read(model)

    def read_all(self, languages: Sequence[str]) -> None:
        """Let every language that has not read the picture read it."""
        for language in languages:
            if language not in self._tried:
                self.read(language)

    def _straighten(self, last: _Try) -> _Try:
        with _opened(self._picture) as image:
            grey = to_grey(image)
            grey.load()
        if not has_ink(grey):
            return last
        remedies: tuple[Callable[[Image.Image], Image.Image], ...] = (_levelled, self._upright)
        for remedy in remedies:
            mended = remedy(grey)
            if mended is not grey:
                grey = mended
                self._replace(grey)
                self._tried.clear()
                last = self.read(last.model)
            if not is_poor(last.reading):
                break
        return last

    def _upright(self, grey: Image.Image) -> Image.Image:
        if _OSD_MODEL not in installed_languages():
            return grey
        degrees = rotation_degrees(self._picture, timeout_s=self._deadline - time.monotonic())
        return grey.transpose(_TURNS[degrees]) if degrees in _TURNS else grey

    def _replace(self, grey: Image.Image) -> None:
        self._picture = self._folder / "page.pgm"
        self._size_px = grey.size
        grey.save(self._picture)


def _levelled(grey: Image.Image) -> Image.Image:
    degrees = skew_degrees(grey)
    if not degrees:
        return grey
    paper = max(range(256), key=grey.histogram().__getitem__)
    return grey.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)


def _existing(path: Path | str) -> Path:
    path = Path(path)
    if not path.is_file():
        raise OCRError(f"File not found: {path}", retry_allowed=False)
    return path


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture with its header read; what Pillow raises here or in decoding becomes OCRError."""
    try:
        with Image.open(_existing(path)) as image:
            yield image
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OCRError(f"{path.name}: not a picture that can be read", retry_allowed=False) from error


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
