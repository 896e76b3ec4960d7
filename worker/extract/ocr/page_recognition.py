"""PageRecognition: the passes of the OCR engine over one page, as few as necessary.

What is read, and how, depends on the page's pixels and the settings alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from worker.errors import Code, OCRError
from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.engines import TesseractEngine
from worker.extract.ocr.evidence.noise import drop_noise, has_only_noise, is_stray
from worker.extract.ocr.evidence.other_script import convincing_lines, is_in_other_script
from worker.extract.ocr.evidence.reading_quality import is_better, is_convincing, reads_cjk
from worker.extract.ocr.evidence.uncovered_ink import read_uncovered_ink
from worker.extract.ocr.line_rerecognition import LineRerecognition, rerecognise_lines
from worker.extract.ocr.model_selection import (
    ONE_BLOCK_PSM,
    is_split_into_columns,
    is_unsure,
    known_model,
    latin_model_for,
    psm_of,
)
from worker.extract.ocr.network.page_reading import read_page
from worker.extract.ocr.network.reading import read_lines
from worker.extract.ocr.numeric_words import check_numbers
from worker.extract.ocr.orientation import Way, way_to_read
from worker.extract.ocr.page_picture import CREDIBLE_DPI, PagePicture, PictureFolder, picture_of
from worker.extract.ocr.sample import Sample, sample_of
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import OcrText, parse

_FEW_CHARS, _MAX_MESSAGE_CHARS = 50, 300
_MOST_PIXELS = 40_000_000
"""Of all further passes over one page: ten over an A4 sheet at 200 dpi, one over the largest picture."""


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


class PageRecognition:
    """One page: its picture as cleaned up, and the best pass so far.

    Preprocessed pictures are written into `folder`, which the caller removes; the file itself is not changed.
    `dpi` is the resolution where the file does not state a credible one. Raises OCRError when there is no
    such file, or it is no image.
    """

    def __init__(self, path: Path, *, ocr_engine: TesseractEngine, folder: Path, dpi: int) -> None:
        self._ocr_engine = ocr_engine
        self._name = path.name
        self._pictures = PictureFolder(folder, path.name)
        self._picture, stated_dpi = picture_of(path)
        self._dpi = stated_dpi if stated_dpi in CREDIBLE_DPI else dpi
        self._tried: list[Way] = []
        self._left_pixels = _MOST_PIXELS
        self._best: Pass | None = None
        self._unread: list[str] = []
        self._message = ""

    def read(
        self,
        languages: Sequence[str],
        *,
        first: str | None,
        every_language: bool = False,
        clean_up: bool = True,
        second_pass: LineRerecognition | None = None,
    ) -> Pass | None:
        """The best pass over the page, None for a blank page; `first` is the model where it is known.

        Where it is not, a sample of the page is read first. With `every_language` all of them read the page,
        else another only where the text is not convincing. Without `clean_up` the picture is read unchanged.
        Raises what `tesseract_cli.recognise` raises while nothing was read yet; after that, a pass that fails
        leaves its code in `unread`.
        """
        if clean_up:
            clean = self._pictures.clean_up(self._picture)
            if clean is None:
                return None
            self._picture = clean
        best = None
        if second_pass is not None and not every_language:
            # What the network reads alone needs none of the passes.
            best = self._read_by_network(languages)
        if best is None:
            best = self._read_by_tesseract(languages, first, every_language=every_language)
            best = self._try(partial(self._check_numbers, languages=languages), best)
            best = self._try(self._read_forgotten, best)
            if second_pass is not None:
                second = self._run_second_pass(best, second_pass, languages)
                best = best if has_only_noise(best.ocr_text, second.ocr_text) else second
            best = replace(best, ocr_text=drop_noise(best.ocr_text))
        best = self._try(self._without_other_script, best)
        return replace(best, unread=tuple(dict.fromkeys(self._unread)), message=self._message)

    def _note(self, code: Code, error: Exception) -> None:
        self._unread.append(code.value)
        self._message = self._message or f"{type(error).__name__}: {error}"[:_MAX_MESSAGE_CHARS]

    def _try(self, step: Callable[[Pass], Pass], best: Pass) -> Pass:
        """What a step makes of a text that has been read; where Tesseract fails in it, the text as it is."""
        try:
            return step(best)
        except OCRError as error:
            self._note(error.code, error)
            return best

    def _without_other_script(self, best: Pass) -> Pass:
        """The pass; where no model knows the script, with the lines that read well alone, and a code."""
        picture, engine = best.picture.path, self._ocr_engine
        if best.engine and best.ocr_text.words:
            return best  # of the network, which was sure of it
        if not is_in_other_script(best.ocr_text, picture, engine=engine, dpi=self._dpi):
            return best
        self._unread.append(Code.OTHER_SCRIPT.value)
        return replace(best, ocr_text=convincing_lines(best.ocr_text))

    def _read_by_network(self, languages: Sequence[str]) -> Pass | None:
        """The page as the network reads it, None where it fails or Tesseract should."""
        try:
            page = read_page(self._picture.load(), languages=languages)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  (an optional library: Tesseract reads the page without it)
            self._note(Code.NETWORK_FAILED, error)
            return None
        if page is None:
            return None
        picture = self._pictures.turn(self._picture, page.degrees) if page.degrees else self._picture
        model = known_model(languages, page.script) or languages[0]
        ocr_text = OcrText.from_lines(()) if is_stray(page.ocr_text) else page.ocr_text
        return Pass(model=model, ocr_text=ocr_text, picture=picture, engine=page.engine)

    def _read_by_tesseract(
        self, languages: Sequence[str], first: str | None, *, every_language: bool
    ) -> Pass:
        """The best pass; after one that fails none is run."""
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

    def _check_numbers(self, best: Pass, languages: Sequence[str]) -> Pass:
        """The pass with its numbers and codes as the model of Latin characters reads them."""
        latin = next((language for language in languages if not reads_cjk(language)), None)
        if latin is None or not reads_cjk(best.model) or psm_of(best.model) != psm_of(latin):
            return best
        checked = check_numbers(
            best.picture.load(), best.ocr_text, lambda sheet: self._read_part(sheet, latin, ONE_BLOCK_PSM)
        )
        return replace(best, ocr_text=checked)

    def _read_forgotten(self, best: Pass) -> Pass:
        """The pass with the lines that the layout analysis left out."""
        if psm_of(best.model) != psm_of(language_of(best.model)) or not is_convincing(best.ocr_text):
            return best
        found = read_uncovered_ink(
            best.picture.load(), best.ocr_text, lambda line, psm: self._read_part(line, best.model, psm)
        )
        return replace(best, ocr_text=found)

    def _run_second_pass(self, best: Pass, options: LineRerecognition, languages: Sequence[str]) -> Pass:
        """The pass with its unsure lines read again; its text unchanged where that fails, or is vertical."""
        if psm_of(best.model) != psm_of(language_of(best.model)):
            return best
        read = partial(read_lines, languages=languages)
        try:
            ocr_text, count = rerecognise_lines(best.picture.load(), best.ocr_text, options, read=read)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  (as above: what Tesseract read is kept)
            self._note(Code.NETWORK_FAILED, error)
            return best
        return replace(best, ocr_text=ocr_text, second_pass_lines=count)

    def _way_to_read(self, sample: Sample, model: str, languages: Sequence[str]) -> Way:
        vertical = language_of(model) + VERTICAL_SUFFIX in installed_languages()
        read = partial(self._read_part, is_probe=True)
        return way_to_read(sample, first=model, languages=languages, vertical=vertical, read=read)

    def _read_part(self, grey: Image.Image, model: str, psm: int, *, is_probe: bool = False) -> OcrText:
        picture = PagePicture(path=self._pictures.save(grey), size_px=grey.size)
        return self._recognise(picture, model, psm, is_probe=is_probe).ocr_text

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
        tsv = self._ocr_engine.recognise(
            picture.path, language=model, psm=psm, dpi=self._dpi, is_probe=is_probe
        )
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
