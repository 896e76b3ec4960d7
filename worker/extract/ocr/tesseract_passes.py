"""TesseractPasses: the passes of Tesseract over one page, as few as necessary, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image

from worker.errors import Code, OCRError
from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.engines import TesseractEngine
from worker.extract.ocr.evidence.reading_quality import is_better, is_convincing, reads_cjk
from worker.extract.ocr.model_selection import (
    ONE_BLOCK_PSM,
    is_split_into_columns,
    is_unsure,
    latin_model_for,
    psm_of,
)
from worker.extract.ocr.orientation import Way, way_to_read
from worker.extract.ocr.page_picture import PagePicture, PictureFolder
from worker.extract.ocr.sample import Sample, sample_of
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import OcrText, parse

_FEW_CHARS = 50
_MOST_PIXELS = 40_000_000
"""Of all further passes over one page: ten over an A4 sheet at 200 dpi, one over the largest picture."""

Note = Callable[[Code, Exception], None]
"""Takes down a failure without which the text could be better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass: the model, the text, and the picture that was read (upright, horizontal).

    `second_pass_lines` counts the lines whose text is from the second pass; `unread` has the codes of passes
    that failed, without which the text may be worse than it could be, and of what no model can read. `engine`
    is what read the page where that was not Tesseract; `message` is what the first failure said.
    """

    model: str
    ocr_text: OcrText
    picture: PagePicture
    second_pass_lines: int = 0
    engine: str = ""
    unread: tuple[str, ...] = ()
    message: str = ""


class TesseractPasses:
    """What Tesseract reads of the picture of one page, in one way after the other.

    `name` is that of the page's file, for messages; `note` takes what fails while something else may be read.
    """

    def __init__(
        self,
        picture: PagePicture,
        *,
        pictures: PictureFolder,
        engine: TesseractEngine,
        dpi: int,
        name: str,
        note: Note,
    ) -> None:
        self._picture = picture
        self._pictures = pictures
        self._engine = engine
        self._dpi = dpi
        self._name = name
        self._note = note
        self._tried: list[Way] = []
        self._left_pixels = _MOST_PIXELS
        self._best: Pass | None = None

    def read(self, languages: Sequence[str], first: str | None, *, every_language: bool) -> Pass:
        """The best pass over the page; `first` and `every_language` are those of `PageRecognition.read`.

        After one that fails none is run. Raises what `tesseract_cli.recognise` raises where the first fails.
        """
        sample = None if first is not None else sample_of(self._picture.load())
        # A short text costs no more than a sample: it is read at once.
        is_sampled = sample is not None and not sample.is_whole
        way = Way(degrees=0, model=first or languages[0])
        if sample is not None and is_sampled:
            try:
                way = self._way_to_read(sample, way.model, languages)
            except OCRError as error:
                self._note(error.code, error)  # the whole page may be read all the same
        done = self._run_pass(way)
        try:
            self._improve(done, languages, is_sampled=is_sampled)
            if every_language and done.ocr_text.words:
                for language in languages:
                    if all(way.model != language for way in self._tried):
                        self._run_pass(Way(degrees=0, model=language))
        except OCRError as error:
            self._note(error.code, error)
        return self._best or done

    def read_part(self, grey: Image.Image, model: str, psm: int, *, is_probe: bool = False) -> OcrText:
        """The text of a part of the page; a probe takes the quick way, and raises as `read` does."""
        picture = PagePicture(path=self._pictures.save(grey), size_px=grey.size)
        return self._recognise(picture, model, psm, is_probe=is_probe).ocr_text

    def _improve(self, last: Pass, languages: Sequence[str], *, is_sampled: bool) -> None:
        """Run more passes while the text is not convincing: in another model, turned, as one block."""
        if is_convincing(last.ocr_text):
            latin = latin_model_for(last.ocr_text, last.model, languages)
            if latin is not None and self._may_run_pass():
                self._run_pass(Way(degrees=last.picture.degrees, model=latin))
            if not is_unsure(last.ocr_text, last.model):
                return
        elif not is_sampled:
            sample = sample_of(self._picture.load())
            if sample is None:
                return
            way = self._way_to_read(sample, language_of(last.model), languages)
            last = last if way in self._tried or not self._may_run_pass() else self._run_pass(way)
        best = self._best or last
        if best.ocr_text.chars < _FEW_CHARS and is_unsure(best.ocr_text, best.model) and self._may_run_pass():
            self._read_as_one_block(best)
        best = self._best or best
        if not is_convincing(best.ocr_text):
            self._try_other_models(best, languages)

    def _read_as_one_block(self, best: Pass) -> None:
        """Read few words again: the automatic mode finds columns in them, or nothing at all."""
        # A single word in large characters is read better in the original resolution.
        picture = best.picture.before_upscaling or best.picture
        block = self._recognise(picture, best.model, ONE_BLOCK_PSM)
        if is_split_into_columns(block.ocr_text):
            vertical = language_of(best.model) + VERTICAL_SUFFIX
            if vertical in installed_languages():
                self._run_pass(Way(degrees=picture.degrees, model=vertical))
        elif is_convincing(block.ocr_text):
            self._keep_better(block)

    def _try_other_models(self, best: Pass, languages: Sequence[str]) -> None:
        """Let the other models read what none was sure of, in the turn that is best so far."""
        models = [language for language in languages if reads_cjk(language) is not reads_cjk(best.model)]
        vertical = language_of(best.model) + VERTICAL_SUFFIX
        if best.picture.degrees and reads_cjk(best.model) and vertical in installed_languages():
            models.insert(0, vertical)
        for model in models:
            way = Way(degrees=best.picture.degrees, model=model)
            if way in self._tried or not self._may_run_pass():
                continue
            if is_convincing(self._run_pass(way).ocr_text):
                return

    def _way_to_read(self, sample: Sample, model: str, languages: Sequence[str]) -> Way:
        vertical = language_of(model) + VERTICAL_SUFFIX in installed_languages()
        read = partial(self.read_part, is_probe=True)
        return way_to_read(sample, first=model, languages=languages, vertical=vertical, read=read)

    def _may_run_pass(self) -> bool:
        """Whether one more pass over the page is within the limit, of which its pixels are then taken."""
        width, height = self._picture.size_px
        self._left_pixels -= width * height
        return self._left_pixels >= 0

    def _run_pass(self, way: Way) -> Pass:
        """Read the whole page in one way; the better of this pass and the best so far is kept."""
        picture = self._pictures.turn(self._picture, way.degrees) if way.degrees else self._picture
        done = self._recognise(picture, way.model, psm_of(way.model))
        self._tried.append(way)
        self._keep_better(done)
        return done

    def _recognise(self, picture: PagePicture, model: str, psm: int, *, is_probe: bool = False) -> Pass:
        tsv = self._engine.recognise(picture.path, language=model, psm=psm, dpi=self._dpi, is_probe=is_probe)
        try:
            return Pass(model=model, ocr_text=parse(tsv), picture=picture)
        except ValueError as error:
            raise OCRError(f"{self._name}: Tesseract's output cannot be understood") from error

    def _keep_better(self, done: Pass) -> None:
        if self._best is None or _is_better(done, self._best):
            self._best = done


def _is_better(done: Pass, best: Pass) -> bool:
    if done.picture.degrees and not best.picture.degrees and is_convincing(best.ocr_text):
        return False
    return is_better(done.model, done.ocr_text, than=(best.model, best.ocr_text))
