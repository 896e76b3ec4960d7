"""Japanese words by Sudachi: spellings and inflections in one form, the parts of compounds, readings in kana.

The dictionary is the extra `japanese`. Without it a text has no words, and the other streams of the analysis
stand for them. It is imported by the first text: a search on the command line should not wait for what it may
not need.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from worker.index.analysis.characters import CJK, HAN
from worker.index.analysis.folding import fold_text
from worker.index.analysis.stems import STOP_WORDS

if TYPE_CHECKING:
    import sudachipy

NO_DICTIONARY = "none"
_PACKAGE = "sudachidict-core"

# Sudachi refuses more than 49,149 bytes at once; a character has at most four.
MAX_CHARS = 4_000
_SENTENCE_END = re.compile(r"[。．！？!?\n]")
_BLANK = re.compile(r"[\s、,]")

# Words that relate others: particles, auxiliaries, symbols, pronouns (どこ, これ).
_LEFT_OUT = frozenset({"助詞", "助動詞", "補助記号", "記号", "空白", "代名詞", "連体詞", "接続詞"})
# Numbers and what they count by, such as 年 and 円: entities have them.
_COUNTS = frozenset({"数詞", "助数詞"})
# Verbs and nouns that relate others, too: 作成する, 書いている, すること, and the お of お見積り.
_AUXILIARIES = frozenset(
    {
        *("為る", "居る", "有る", "成る", "御座る", "下さる", "頂く", "呉れる", "貰う", "致す", "出来る"),
        *("仕舞う", "事", "物", "所", "御"),
    }
)
_HAN, _KANA_ONLY = re.compile(f"[{HAN}々]"), re.compile("[ぁ-ゖァ-ヺー]+")
_INFLECTION = re.compile("[ぁ-ゖ]{1,3}$")
_SEPARATORS = re.compile(r"[\W_]+")
_MAX_KNOWN_WORDS = 200_000
_IN_CJK = re.compile(f"[{CJK}]")
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word of a standardised text from `start` to `end`: its usual form, its parts, their readings."""

    start: int
    end: int
    form: str
    parts: tuple[str, ...]
    readings: tuple[str, ...]


@cache
def dictionary() -> str:
    """Package and version of the dictionary, "none" without one; nothing is imported."""
    try:
        version("sudachipy")
        return f"{_PACKAGE} {version(_PACKAGE)}"
    except PackageNotFoundError:
        return NO_DICTIONARY


def words(text: str) -> Iterator[Word]:
    """The words of a standardised text (folding.standardise) that mean something, in its order."""
    if dictionary() == NO_DICTIONARY or not _IN_CJK.search(text):
        return
    start = 0
    while start < len(text):
        end = _cut(text, start)
        yield from _words(text[start:end], start)
        start = end


def with_okurigana(text: str) -> str:
    """A short standardised text with the kana that the dictionary has after its kanji: 貸し出し for 貸出."""
    if dictionary() == NO_DICTIONARY or not _HAN.search(text):
        return text
    tokenizer, modes = _tokenizer()
    found = tokenizer.tokenize(text[:MAX_CHARS])
    parts = (part for morpheme in found for part in list(morpheme.split(modes.A)) or [morpheme])
    return "".join(map(_with_okurigana, parts))


def reading(text: str) -> str | None:
    """The folded reading of a text in kana only, None for any other."""
    bare = "".join(text.split())
    return to_reading(bare) if _KANA_ONLY.fullmatch(bare) else None


def to_reading(kana: str) -> str:
    """Katakana, folded: the form of readings in the index."""
    return _SEPARATORS.sub("", fold_text(kana.translate(_TO_KATAKANA)))


def _cut(text: str, start: int) -> int:
    """Where the next piece ends: after a sentence, else at a blank, else at the limit."""
    limit = start + MAX_CHARS
    if limit >= len(text):
        return len(text)
    for boundary in (_SENTENCE_END, _BLANK):
        last = max(
            (match.end() for match in boundary.finditer(text, start + MAX_CHARS // 2, limit)), default=0
        )
        if last:
            return last
    return limit


def _words(piece: str, offset: int) -> Iterator[Word]:
    tokenizer, modes = _tokenizer()
    known = _known_words()
    for morpheme in tokenizer.tokenize(piece):
        number = None if morpheme.is_oov() else morpheme.word_id()
        if number is not None and number in known:
            forms = known[number]
        else:
            forms = _forms(morpheme, modes.A)
            if number is not None and len(known) < _MAX_KNOWN_WORDS:
                known[number] = forms
        if forms:
            start, end = offset + morpheme.begin(), offset + morpheme.end()
            yield Word(start=start, end=end, form=forms.form, parts=forms.parts, readings=forms.readings)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Forms:
    form: str
    parts: tuple[str, ...]
    readings: tuple[str, ...]


def _forms(morpheme: sudachipy.Morpheme, short: sudachipy.SplitMode) -> _Forms | None:
    form = _form(morpheme)
    if not form:
        return None
    parts = list(morpheme.split(short))
    forms = tuple(filter(None, map(_form, parts)))
    return _Forms(form=form, parts=forms or (form,), readings=_readings([morpheme, *parts]))


def _form(morpheme: sudachipy.Morpheme) -> str:
    """The usual form as one token, "" for a word that only relates others.

    The kana at the end of a word of two kanji or more go: 申し込む is written 申し込み in 申し込み書.
    """
    usual = morpheme.normalized_form()
    kind = morpheme.part_of_speech()
    if kind[0] in _LEFT_OUT or kind[1] in _COUNTS or kind[2] in _COUNTS or usual in _AUXILIARIES:
        return ""
    if morpheme.surface() in STOP_WORDS:
        return ""  # the dictionary has them as loan words: the is ザ
    form = _SEPARATORS.sub("", fold_text(usual))
    stem = _INFLECTION.sub("", form)
    return stem if len(_HAN.findall(stem)) > 1 else form


def _with_okurigana(morpheme: sudachipy.Morpheme) -> str:
    """The usual spelling where it has the same kanji, two at least: not the 立つ of 立ち."""
    written: str = morpheme.surface()
    usual: str = morpheme.normalized_form()
    kanji = _HAN.findall(written)
    return usual if len(kanji) > 1 and kanji == _HAN.findall(usual) else written


def _readings(morphemes: list[sudachipy.Morpheme]) -> tuple[str, ...]:
    """Of words in kanji; one in kana is its own reading, which the pairs have."""
    written = (morpheme for morpheme in morphemes if _HAN.search(morpheme.surface()))
    kana = (to_reading(morpheme.reading_form()) for morpheme in written)
    return tuple(dict.fromkeys(reading for reading in kana if len(reading) > 1))


@cache
def _known_words() -> dict[int, _Forms | None]:
    """What the words of the dictionary mean to the index, by their numbers, as far as texts had them."""
    return {}


_LOCAL = threading.local()
_LOCK = threading.Lock()


def _tokenizer() -> tuple[sudachipy.Tokenizer, type[sudachipy.SplitMode]]:
    """The tokenizer of this thread (one is not safe in two), and the modes."""
    import sudachipy  # noqa: PLC0415 - 0.2 s, and only with the extra

    if not hasattr(_LOCAL, "tokenizer"):
        _LOCAL.tokenizer = _shared_dictionary().tokenizer(sudachipy.SplitMode.C)
    return _LOCAL.tokenizer, sudachipy.SplitMode


def _shared_dictionary() -> sudachipy.Dictionary:
    with _LOCK:
        return _load()


@cache
def _load() -> sudachipy.Dictionary:
    import sudachipy  # noqa: PLC0415 - as above

    return sudachipy.Dictionary(dict="core")
