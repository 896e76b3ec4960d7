"""PageRecognition: the passes of the OCR engine over one page, as few as necessary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from worker.errors import Code, OCRError
from worker.extract.image.blank_page import is_blank
from worker.extract.image.grayscale import to_grey
from worker.extract.image.image_preprocessor import ImagePreprocessor, is_low_resolution
from worker.extract.language_hint import language_of
from worker.extract.ocr.engines import TesseractEngine
from worker.extract.ocr.line_rerecognition import LineRerecognition, rerecognise_lines
from worker.extract.ocr.model_selection import (
    drop_noise,
    has_only_noise,
    is_low_confidence,
    is_plausible,
    is_split_into_columns,
    next_model,
    pick_better,
    psm_of,
)
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import OcrText, parse

_CREDIBLE_DPI = range(150, 1201)
"""Of the resolution that a file states; below are the 72 and 96 of programs that do not know it."""
_FEW_CHARS = 50
_SURE = 90.0
_ONE_BLOCK_PSM = 6
"""On a page with few words (a cover, a title) the automatic mode finds columns, or nothing at all."""
_OSD_MODEL = "osd"
_ROTATIONS = {
    90: Image.Transpose.ROTATE_270,  # Pillow rotates counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass: the model, the text, and the picture that was read (upright, horizontal) with its size.

    `second_pass_lines` counts the lines whose text is from the second pass; `unread` has the codes of passes
    that failed, without which the text may be worse than it could be.
    """

    model: str
    ocr_text: OcrText
    picture: Path
    width_px: int
    height_px: int
    second_pass_lines: int = 0
    unread: tuple[str, ...] = ()


class PageRecognition:
    """One page: its picture as preprocessed so far, and the best pass so far.

    Preprocessed pictures are written into `folder`, which the caller removes; the file itself is not changed.
    `dpi` is the resolution where the file does not state a credible one. Raises OCRError when there is no
    such file, or it is no image.
    """

    def __init__(self, path: Path, *, ocr_engine: TesseractEngine, folder: Path, dpi: int) -> None:
        self._ocr_engine = ocr_engine
        self._name = path.name
        self._folder = folder
        self._picture = path
        self._size_px, stated_dpi = _read_header(path)
        self._dpi = stated_dpi if stated_dpi in _CREDIBLE_DPI else dpi
        self._picture_count = 0
        self._before_upscaling: tuple[Path, tuple[int, int]] | None = None
        self._tried: list[str] = []
        self._best: Pass | None = None

    def read(
        self,
        languages: Sequence[str],
        *,
        first: str,
        every_language: bool = False,
        clean_up: bool = True,
        second_pass: LineRerecognition | None = None,
    ) -> Pass | None:
        """The best pass over the page, `first` being the model to begin with; None for a blank page.

        With `every_language` all of them read the page, else another only where the text is not plausible.
        Without `clean_up` the picture is read unchanged. Raises what `tesseract_cli.recognise` raises while
        nothing was read yet; after that, a pass that fails leaves its code in `unread`.
        """
        if clean_up and not self._clean_up():
            return None
        done = self._run_pass(first)
        unread = self._improve_or_report(done, languages, every_language=every_language)
        best = self._best or done
        if second_pass is not None:
            second = run_second_pass(best, second_pass)
            unread += second.unread
            best = best if has_only_noise(best.ocr_text, second.ocr_text) else second
        return replace(best, ocr_text=drop_noise(best.ocr_text), unread=unread)

    def _improve_or_report(
        self, done: Pass, languages: Sequence[str], *, every_language: bool
    ) -> tuple[str, ...]:
        """Run the passes after the first; the code of the one that failed, after which none is run.

        Want of memory is not caught: the pages beside this one share it, and it is read again alone.
        """
        try:
            self._improve(done, languages)
            if every_language and done.ocr_text.words:
                for language in languages:
                    if language not in self._tried:
                        self._run_pass(language)
        except OCRError as error:
            return (error.code.value,)
        return ()

    def _clean_up(self) -> bool:
        """Preprocess the picture where it needs it; False, with nothing done, for a blank page."""
        grey = load_grey(self._picture)
        if is_blank(grey):
            return False
        if is_low_resolution(grey):
            self._before_upscaling = (self._picture, self._size_px)
            grey = grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC)
            self._save_picture(grey)
        clean = ImagePreprocessor().clean_up(grey)
        # The usual page needs nothing: Tesseract reads the file itself, and no copy is written.
        if clean is not grey:
            self._before_upscaling = None
            self._save_picture(clean)
        return True

    def _run_pass(self, model: str, *, psm: int | None = None) -> Pass:
        tsv = self._ocr_engine.recognise(
            self._picture, language=model, psm=psm or psm_of(model), dpi=self._dpi
        )
        try:
            ocr_text = parse(tsv)
        except ValueError as error:
            raise OCRError(f"{self._name}: Tesseract's output cannot be understood") from error
        width_px, height_px = self._size_px
        done = Pass(
            model=model, ocr_text=ocr_text, picture=self._picture, width_px=width_px, height_px=height_px
        )
        self._tried.append(model)
        if self._best is None or self._is_better_than_best(done):
            self._best = done
        return done

    def _is_better_than_best(self, done: Pass) -> bool:
        best = self._best
        return (
            best is None
            or pick_better((best.model, best.ocr_text), (done.model, done.ocr_text))[1] is done.ocr_text
        )

    def _improve(self, last: Pass, languages: Sequence[str]) -> None:
        """Run more passes while the text is of low quality: rotated, as one block, in another model."""
        # The rotation first: a rotated page has low confidence in every model.
        if is_low_confidence(last.ocr_text):
            last = self._retry_upright(last)
        in_columns = False
        if _is_short_and_unsure(last):
            if self._before_upscaling is not None:
                # A single word in large characters is read better in the original resolution.
                self._picture, self._size_px = self._before_upscaling
            last = self._run_pass(last.model, psm=_ONE_BLOCK_PSM)
            in_columns = is_split_into_columns(last.ocr_text)
            last = last if in_columns else self._best or last
        while in_columns or not is_plausible(last.ocr_text, last.model):
            model = next_model(last.ocr_text, last.model, languages, self._tried)
            if model is None or not (model in languages or model in installed_languages()):
                return
            last = self._run_pass(model)
            in_columns = False

    def _retry_upright(self, last: Pass) -> Pass:
        """Rotate a page that is not upright and read it again in the same model."""
        if _OSD_MODEL not in installed_languages():
            return last
        degrees = self._ocr_engine.rotation_degrees(self._picture, dpi=self._dpi)
        if degrees not in _ROTATIONS:
            return last
        self._save_picture(load_grey(self._picture).transpose(_ROTATIONS[degrees]))
        return self._run_pass(last.model)

    def _save_picture(self, grey: Image.Image) -> None:
        # Earlier pictures stay: the best pass may be of one of them, and the second pass reads it again.
        self._picture_count += 1
        # The name of the page is in it, so that a process list shows which page is being read.
        self._picture = self._folder / f"{Path(self._name).stem}-preprocessed-{self._picture_count}.pgm"
        self._size_px = grey.size
        grey.save(self._picture)


def _is_short_and_unsure(done: Pass) -> bool:
    """Whether a pass read few words, and those with low confidence."""
    ocr_text = done.ocr_text
    if ocr_text.chars >= _FEW_CHARS:
        return False
    if is_low_confidence(ocr_text):
        return True
    # A text that is not plausible is left to another model.
    return is_plausible(ocr_text, done.model) and (ocr_text.confidence or 0.0) < _SURE


def run_second_pass(best: Pass, options: LineRerecognition) -> Pass:
    """The pass with its unsure lines read again; its text unchanged where that fails, or is vertical."""
    if psm_of(best.model) != psm_of(language_of(best.model)):
        return best
    try:
        ocr_text, count = rerecognise_lines(load_grey(best.picture), best.ocr_text, options)
    except Exception:  # noqa: BLE001  (an optional library: what Tesseract read is kept whatever it does)
        return replace(best, unread=(Code.NETWORK_FAILED.value,))
    return replace(best, ocr_text=ocr_text, second_pass_lines=count)


def load_grey(path: Path) -> Image.Image:
    """The decoded image in 8-bit grey; raises OCRError where it is missing or no image."""
    with _image_errors(path), Image.open(path) as image:
        grey = to_grey(image)
        grey.load()
    return grey


def _read_header(path: Path) -> tuple[tuple[int, int], int]:
    """Width and height in pixels and the stated resolution (0 for none); nothing is decoded."""
    with _image_errors(path), Image.open(path) as image:
        return image.size, round(float(image.info.get("dpi", (0, 0))[0]))


@contextmanager
def _image_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise OCRError(f"File not found: {path}", retry_allowed=False) from error
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OCRError(f"{path.name}: not an image that can be read", retry_allowed=False) from error
