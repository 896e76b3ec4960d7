"""PageRecognition: one page read by the network or by Tesseract, and what is checked after that.

What is read, and how, depends on the page's pixels and the settings alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from worker.errors import Code, OCRError
from worker.extract.language_hint import language_of
from worker.extract.ocr.engines import TesseractEngine
from worker.extract.ocr.evidence.noise import drop_noise, has_only_noise, is_stray
from worker.extract.ocr.evidence.other_script import convincing_lines, is_in_other_script
from worker.extract.ocr.evidence.reading_quality import is_convincing, reads_cjk
from worker.extract.ocr.evidence.uncovered_ink import read_uncovered_ink
from worker.extract.ocr.line_rerecognition import LineRerecognition, rerecognise_lines
from worker.extract.ocr.model_selection import ONE_BLOCK_PSM, known_model, psm_of
from worker.extract.ocr.network.page_reading import read_page
from worker.extract.ocr.network.reading import read_lines
from worker.extract.ocr.numeric_words import check_numbers
from worker.extract.ocr.page_picture import CREDIBLE_DPI, PictureFolder, picture_of
from worker.extract.ocr.tesseract_passes import Pass, TesseractPasses
from worker.extract.ocr.tesseract_tsv import OcrText

_MAX_MESSAGE_CHARS = 300
_SMALL_PX = 400_000
"""The few lines of so small a picture are read by Tesseract for less than loading the network costs."""


class PageRecognition:
    """One page: its picture as cleaned up, read once, and what was left unread.

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
        is_small = math.prod(self._picture.size_px) <= _SMALL_PX
        if clean_up:
            clean = self._pictures.clean_up(self._picture)
            if clean is None:
                return None
            self._picture = clean
        is_alone = second_pass is not None and not every_language
        if is_alone and is_small:
            first = None  # who reads it must not depend on the pages before it
        read = partial(self._read_by_tesseract, languages, first, every_language=every_language)
        best = read() if is_small or not is_alone else None
        if second_pass is not None and is_alone and not (best and _is_sure(best, second_pass)):
            # What the network reads alone needs none of the passes.
            best = self._read_by_network(languages) or best
        best = best or read()
        if not best.engine:
            if second_pass is not None:
                second = self._run_second_pass(best, second_pass, languages)
                best = best if has_only_noise(best.ocr_text, second.ocr_text) else second
            best = replace(best, ocr_text=drop_noise(best.ocr_text))
        best = self._try(self._without_other_script, best)
        return replace(best, unread=tuple(dict.fromkeys(self._unread)), message=self._message)

    def _read_by_tesseract(
        self, languages: Sequence[str], first: str | None, *, every_language: bool
    ) -> Pass:
        passes = TesseractPasses(
            self._picture,
            pictures=self._pictures,
            engine=self._ocr_engine,
            dpi=self._dpi,
            name=self._name,
            note=self._note,
        )
        best = passes.read(languages, first, every_language=every_language)
        best = self._try(partial(self._check_numbers, passes=passes, languages=languages), best)
        return self._try(partial(self._read_forgotten, passes=passes), best)

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

    def _check_numbers(self, best: Pass, *, passes: TesseractPasses, languages: Sequence[str]) -> Pass:
        """The pass with its numbers and codes as the model of Latin characters reads them."""
        latin = next((language for language in languages if not reads_cjk(language)), None)
        if latin is None or not reads_cjk(best.model) or psm_of(best.model) != psm_of(latin):
            return best
        checked = check_numbers(
            best.picture.load(), best.ocr_text, lambda sheet: passes.read_part(sheet, latin, ONE_BLOCK_PSM)
        )
        return replace(best, ocr_text=checked)

    def _read_forgotten(self, best: Pass, *, passes: TesseractPasses) -> Pass:
        """The pass with the lines that the layout analysis left out."""
        if psm_of(best.model) != psm_of(language_of(best.model)) or not is_convincing(best.ocr_text):
            return best
        found = read_uncovered_ink(
            best.picture.load(), best.ocr_text, lambda line, psm: passes.read_part(line, best.model, psm)
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


def _is_sure(best: Pass, second_pass: LineRerecognition) -> bool:
    """Whether the network has nothing to add: a text, of which no line would be read again."""
    lines = best.ocr_text.lines
    return is_convincing(best.ocr_text) and all(line.confidence >= second_pass.confidence for line in lines)
