"""The passes of the OCR engine over one page, as few as will do, within one time budget.

The picture is looked at first: a blank page takes no pass, and what spoils a picture (grain, uneven light,
skew, white on black, far more or fewer pixels than letters need) is mended. The usual page needs nothing, and
its path goes to the OCR engine as it is, for exactly one pass. Only a reading that is poor or fits its
language badly is followed by others:

    poor (or no words): turn a page that stands on its side or head
    few words, unsure:  take them for one block
    then, fits badly:   ask one more language, or vertical text, as the script suggests

The most believable reading is kept, without lines that nobody would believe.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from worker.errors import OCRError
from worker.extract.image.blank_page import is_blank
from worker.extract.image.grayscale import to_grey
from worker.extract.image.image_preprocessor import ImagePreprocessor, is_low_resolution
from worker.extract.language_hint import language_of
from worker.extract.ocr.engines import Engine
from worker.extract.ocr.line_rerecognition import LineRerecognition, look_again
from worker.extract.ocr.model_selection import (
    better,
    drop_noise,
    fits,
    is_cut_across,
    is_invented,
    is_poor,
    next_model,
    psm_of,
)
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import Reading, parse

_CREDIBLE_DPI = range(150, 1201)
"""What a file says of its resolution; below are the 72 and 96 that programs write when they do not know."""
_FEW_CHARS = 50
_SURE = 90.0
_ONE_BLOCK_PSM = 6
"""Of a page with few words (a cover, a title) the automatic mode makes columns, or nothing at all."""
_OSD_MODEL = "osd"
_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass: the model that read, what it read, and the picture it read (upright, level) and its size.

    `lines_read_again` counts the lines that are the second pass's.
    """

    model: str
    reading: Reading
    picture: Path
    width_px: int
    height_px: int
    lines_read_again: int = 0


class PageRecognition:
    """The picture of one page as it stands by now, the time left, and the best reading so far.

    Mended pictures are written into `folder`, which is the caller's to remove; the file itself is left
    as it is. `dpi` is the resolution of a picture whose file does not say a credible one. Raises OCRError
    when there is no such file, or it is no picture.
    """

    def __init__(self, path: Path, *, ocr_engine: Engine, folder: Path, dpi: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._ocr_engine = ocr_engine
        self._name = path.name
        self._folder = folder
        self._picture = path
        self._size_px, stated_dpi = _header(path)
        self._dpi = stated_dpi if stated_dpi in _CREDIBLE_DPI else dpi
        self._mended = 0
        self._undoubled: tuple[Path, tuple[int, int]] | None = None
        self._tried: list[str] = []
        self._best: Pass | None = None

    def read(
        self,
        languages: Sequence[str],
        *,
        first: str,
        every_language: bool = False,
        mend: bool = True,
        look: LineRerecognition | None = None,
    ) -> Pass | None:
        """The best pass over the page, `first` being the language to begin with; None for a blank page.

        With `every_language` all of them read it, else another only where the reading fits badly. Without
        `mend` the picture is read as it is; with a `look` unsure lines are read again, unless half of the
        time is over: that takes a while nobody measures, and what was read must not be lost by it.
        Raises what `OCR engines.recognise` raises while nothing was read yet; after that, a pass that
        fails or runs out of time leaves what was read before.
        """
        if mend and not self._prepare():
            return None
        done = self._read_in(first)
        with suppress(OCRError, MemoryError):
            self._improve(done, languages)
            if every_language and done.reading.words:
                for language in languages:
                    if language not in self._tried:
                        self._read_in(language)
        best = self._best or done
        if look is not None and self._left_s() > self._timeout_s / 2:
            again = rerecognise_lines(best, look)
            best = best if is_invented(best.reading, again.reading) else again
        return replace(best, reading=drop_noise(best.reading))

    def _prepare(self) -> bool:
        """Mend the picture where it needs it; False for a blank page."""
        grey = load_grey(self._picture)
        if is_blank(grey):
            return False
        if is_low_resolution(grey):
            self._undoubled = (self._picture, self._size_px)
            grey = grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC)
            self._replace(grey)
        mended = ImagePreprocessor().clean_up(grey)
        if mended is not grey:
            self._undoubled = None
            self._replace(mended)
        return True

    def _read_in(self, model: str, *, psm: int | None = None) -> Pass:
        tsv = self._ocr_engine.recognise(
            self._picture, language=model, psm=psm or psm_of(model), dpi=self._dpi, timeout_s=self._left_s()
        )
        try:
            reading = parse(tsv)
        except ValueError as error:
            raise OCRError(f"{self._name}: Tesseract's output cannot be understood") from error
        width_px, height_px = self._size_px
        done = Pass(
            model=model, reading=reading, picture=self._picture, width_px=width_px, height_px=height_px
        )
        self._tried.append(model)
        if self._best is None or self._beats_best(done):
            self._best = done
        return done

    def _beats_best(self, done: Pass) -> bool:
        best = self._best
        return (
            best is None or better((best.model, best.reading), (done.model, done.reading))[1] is done.reading
        )

    def _improve(self, last: Pass, languages: Sequence[str]) -> None:
        """Doubt first the picture (a turned page is poor in every language), then the language."""
        if is_poor(last.reading):
            last = self._retry_upright(last)
        cut_across = False
        if _is_unsure_of_few(last):
            if self._undoubled is not None:  # a single word in large letters is read better so
                self._picture, self._size_px = self._undoubled
            last = self._read_in(last.model, psm=_ONE_BLOCK_PSM)
            cut_across = is_cut_across(last.reading)
            last = last if cut_across else self._best or last
        while cut_across or not fits(last.reading, last.model):
            model = next_model(last.reading, last.model, languages, self._tried)
            if model is None or not (model in languages or model in installed_languages()):
                return
            last = self._read_in(model)
            cut_across = False

    def _retry_upright(self, last: Pass) -> Pass:
        """Turn a page that does not stand upright and read it again in the same model."""
        if _OSD_MODEL not in installed_languages():
            return last
        degrees = self._ocr_engine.rotation_degrees(self._picture, dpi=self._dpi, timeout_s=self._left_s())
        if degrees not in _TURNS:
            return last
        self._replace(load_grey(self._picture).transpose(_TURNS[degrees]))
        return self._read_in(last.model)

    def _left_s(self) -> float:
        return self._deadline - time.monotonic()

    def _replace(self, grey: Image.Image) -> None:
        # Earlier pictures stay: the best reading may be one of them, and is looked at again.
        self._mended += 1
        # A process list tells the page by its name.
        self._picture = self._folder / f"{Path(self._name).stem}-mended-{self._mended}.pgm"
        self._size_px = grey.size
        grey.save(self._picture)


def _is_unsure_of_few(done: Pass) -> bool:
    """Whether a pass read few words, and not all of them well; other letters than its own do not count."""
    reading = done.reading
    if reading.chars >= _FEW_CHARS:
        return False
    return is_poor(reading) or (fits(reading, done.model) and (reading.confidence or 0.0) < _SURE)


def rerecognise_lines(best: Pass, look: LineRerecognition) -> Pass:
    """The pass with its unsure lines read again; unchanged where that fails, or the text is vertical."""
    if psm_of(best.model) != psm_of(language_of(best.model)):
        return best
    try:
        reading, count = look_again(load_grey(best.picture), best.reading, look)
    except Exception:  # noqa: BLE001  (an optional library: what Tesseract read is kept whatever it does)
        return best
    return replace(best, reading=reading, lines_read_again=count)


def load_grey(path: Path) -> Image.Image:
    """The decoded picture in 8-bit grey; raises OCRError where it is missing or no picture."""
    with _picture_errors(path), Image.open(path) as image:
        grey = to_grey(image)
        grey.load()
    return grey


def _header(path: Path) -> tuple[tuple[int, int], int]:
    """Width and height in pixels and the stated resolution (0 for none); nothing is decoded."""
    with _picture_errors(path), Image.open(path) as image:
        return image.size, round(float(image.info.get("dpi", (0, 0))[0]))


@contextmanager
def _picture_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise OCRError(f"File not found: {path}", retry_allowed=False) from error
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OCRError(f"{path.name}: not a picture that can be read", retry_allowed=False) from error
