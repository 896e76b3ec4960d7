"""Folding: the form in which texts and queries are compared, and where each of its characters came from.

Beyond characters (characters.py): marks and dots join their letters, white space between characters of
unspaced scripts goes, (株) is 株式会社, 々 repeats, サーバー is サーバ and コカ・コーラ コカコーラ. Folding a
folded text changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from worker.index.analysis.characters import CJK, HAN, INVISIBLE, character_folding, replace_surrogates

_Replacement: TypeAlias = Callable[[re.Match[str]], str]

_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_JAMO = "\u1100-\u11ff\u3131-\u318e\u3200-\u321e\u3260-\u327e\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc"
# Composed as a whole: a character and its marks (dots of kana in both widths), Jamo of Hangul, and
# words of scripts whose vowels are marks.
_SEQUENCE = re.compile(
    "[^\\s\u0300-\u036f\u3099\u309a\uff9e\uff9f][\u0300-\u036f\u3099\u309a\uff9e\uff9f]+"
    f"|[\uac00-\ud7a3]?[{_JAMO}]+|[\u0590-\u10ff\u1700-\u1cff\ua800-\uabff]{{2,}}"
)
_COMPOSING = re.compile(
    f"[\u0300-\u036f\u3099\u309a\uff9e\uff9f{_JAMO}\u0590-\u10ff\u1700-\u1cff\ua800-\uabff]"
)

_KANA, _KATAKANA = "\u3041-\u3096\u30a1-\u30fa", "\u30a1-\u30fa"
# As a count of shares it is no company: 所有株式数(株).
_COMPANY = re.compile(r"\(\s*(株|有)\s*\)(?<!数\(.\))(?<!\d\(.\))")
_COMPANIES = {"株": "株式会社", "有": "有限会社"}
_LAYOUT = re.compile(rf"\s(?<=[{CJK}]\s)\s*+(?=[{CJK}])")
# A blank between two words of katakana parts them; one beside a single character comes from wide spacing.
_BLANK_IN_KATAKANA = re.compile(rf"[{_KATAKANA}ー]{{2}}[^\S\n]+[{_KATAKANA}ー]{{2}}")
# A line of that many characters is prose, which goes on in the next.
_WRAP = re.compile(rf"[^\S\n]*\n(?<=[^\n]{{15}}[{CJK}]\n)[^\S\n]*(?=[{CJK}])")
_WIDE = re.compile(rf"(?<!\S)[{CJK}](?:[^\S\n]+[{CJK}]){{2,}}(?!\S)")
_BLANKS = re.compile(r"\s+")
_DOTS = re.compile(rf"・+(?<=[{_KATAKANA}ー]・)(?=[{_KATAKANA}])")
_DASH_IN_KATAKANA = re.compile(rf"-+(?<=[{_KATAKANA}ー]-)(?=[{_KATAKANA}])")
_LONG_MARK_AS_HYPHEN = re.compile(r"ー+(?<=[0-9a-z]ー)(?=[0-9a-z])")
_LONG_MARKS = re.compile("ー{2,}")
_SOUND = "(?:[アイウエオカ-ヂツ-モヤユヨラ-ロワ-ヺー][ァィゥェォャュョヮ]?)"
# JIS Z 8301 writes no long mark at the end of a word of three sounds or more, and most offices do:
# コンピューター is コンピュータ, but カバー is no カバ.
_LAST_LONG_MARK = re.compile(rf"(?<![{_KATAKANA}ー])({_SOUND}{{3,}})ー(?![{_KATAKANA}ー])")
_V_SOUND = re.compile("ヴ[ァィェォ]?")
_V_SOUNDS = {"ヴ": "ブ", "ヴァ": "バ", "ヴィ": "ビ", "ヴェ": "ベ", "ヴォ": "ボ"}
_SMALL_VOWEL = re.compile("[ァィェォ](?<=[ウク].)")
_LARGE_VOWELS = dict(zip("ァィェォ", "アイエオ", strict=True))
_REPEATED = re.compile("[々〻]+|[ゝゞヽヾ]+")
_VOICED_MARKS = "ゞヾ"
_IS_HAN, _IS_KANA = re.compile(f"[{HAN}〆〇]+"), re.compile(f"[{_KANA}]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """A folded text; `starts` and `ends` say for each character which part of the original it came from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where the folded characters from `start` to `end`, at least one, are in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """The folded text with its map."""
    traced = _Traced(text)
    _fold(traced)
    return Folded(text=traced.text, starts=tuple(traced.starts), ends=tuple(traced.ends))


def fold_text(text: str) -> str:
    """The folded text alone, which is ten times as fast."""
    plain = _Plain(text)
    _fold(plain)
    return plain.text


def standardise(text: str) -> str:
    """Each character folded, words as they are written: what a dictionary knows (佐々木, サーバー)."""
    plain = _Plain(text)
    _compose(plain)
    _unwrap(plain)
    return plain.text


class _Plain:
    """A text that is replaced part by part."""

    def __init__(self, text: str) -> None:
        self.text = text

    def replace(self, pattern: re.Pattern[str], replacement: _Replacement) -> None:
        self.text = pattern.sub(replacement, self.text)

    def translate(self) -> None:
        is_ascii = self.text.isascii()  # lower case is all there is to fold, and quick
        self.text = self.text.lower() if is_ascii else self.text.translate(character_folding())


class _Traced(_Plain):
    """The same, with where each character was in the original."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.starts = list(range(len(text)))
        self.ends = list(range(1, len(text) + 1))

    def replace(self, pattern: re.Pattern[str], replacement: _Replacement) -> None:
        self._rebuild([(*match.span(), replacement(match)) for match in pattern.finditer(self.text)])

    def translate(self) -> None:
        table = character_folding()
        # Of all characters of a text few are different ones: each is looked up once.
        forms = {char: table[ord(char)] for char in set(self.text)}
        changed = {char: form for char, form in forms.items() if form != char}
        if changed:
            places = [place for place, char in enumerate(self.text) if char in changed]
            self._rebuild([(place, place + 1, changed[self.text[place]]) for place in places])

    def _rebuild(self, edits: list[tuple[int, int, str]]) -> None:
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, new in edits:
            parts += [self.text[done:start], new]
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            self._trace(starts, ends, (start, end), new)
            done = end
        self.text = "".join([*parts, self.text[done:]])
        self.starts = starts + self.starts[done:]
        self.ends = ends + self.ends[done:]

    def _trace(self, starts: list[int], ends: list[int], span: tuple[int, int], new: str) -> None:
        """Characters that stay at the beginning keep their places; the rest came from all of the rest."""
        start, end = span
        if len(new) == end - start:
            starts += self.starts[start:end]
            ends += self.ends[start:end]
            return
        while start < end and new and self.text[start] == new[0]:
            starts.append(self.starts[start])
            ends.append(self.ends[start])
            start, new = start + 1, new[1:]
        if new:
            first, last = (start, end - 1) if start < end else (end - 1, end - 1)
            starts += [self.starts[first]] * len(new)
            ends += [self.ends[last]] * len(new)
        elif start > span[0]:
            ends[-1] = self.ends[end - 1]  # the long mark at the end belongs to its word


def _fold(text: _Plain) -> None:
    """Until nothing changes, where what is left may still join what it did not stand beside."""
    before = None
    while text.text != before:
        before = text.text
        _compose(text)
        _fold_in_context(text)
        if not (_COMPOSING.search(text.text) or _REPEATED.search(text.text)):
            return


def _compose(text: _Plain) -> None:
    if text.text.isascii():
        text.translate()
        return
    if _SURROGATES.search(text.text):
        text.replace(_SURROGATES, lambda match: replace_surrogates(match[0]))
    if INVISIBLE.search(text.text):
        text.replace(INVISIBLE, lambda _: "")
    if _COMPOSING.search(text.text):
        text.replace(_SEQUENCE, lambda match: unicodedata.normalize("NFKC", match[0]))
    text.translate()


def _unwrap(text: _Plain) -> None:
    """Words that the end of a line or wide spacing parts, joined; the cells of a table stay apart."""
    if text.text.isascii():
        return
    text.replace(_COMPANY, lambda match: _COMPANIES[match[1]])
    text.replace(_WRAP, lambda _: "")
    text.replace(_WIDE, lambda match: _BLANKS.sub("", match[0]))


def _fold_in_context(text: _Plain) -> None:
    if text.text.isascii():
        return
    text.replace(_COMPANY, lambda match: _COMPANIES[match[1]])
    text.replace(_LAYOUT, _join)
    text.replace(_REPEATED, _repeat)
    if "・" in text.text:
        text.replace(_DOTS, lambda _: "")
    text.replace(_DASH_IN_KATAKANA, lambda _: "ー")
    if "ヴ" in text.text:
        text.replace(_V_SOUND, lambda match: _V_SOUNDS[match[0]])
    text.replace(_SMALL_VOWEL, lambda match: _LARGE_VOWELS[match[0]])
    if "ー" in text.text:
        text.replace(_LONG_MARK_AS_HYPHEN, lambda _: "-")
        text.replace(_LONG_MARKS, lambda _: "ー")
        text.replace(_LAST_LONG_MARK, lambda match: match[1])


def _join(match: re.Match[str]) -> str:
    """Nothing, for white space of layout, but one blank between two words of katakana."""
    beside = match.string[max(0, match.start() - 2) : match.end() + 2]
    return " " if _BLANK_IN_KATAKANA.fullmatch(beside) else ""


def _repeat(match: re.Match[str]) -> str:
    """What iteration marks stand for; they stay where nothing before them can be repeated."""
    marks, before = match[0], match.string[max(0, match.start() - len(match[0])) : match.start()]
    if marks[0] in "々〻":
        if len(before) == len(marks) and _IS_HAN.fullmatch(before):
            return before  # 部分々々
        return before[-1] * len(marks) if _IS_HAN.fullmatch(before[-1:]) else marks
    if not _IS_KANA.fullmatch(before[-1:]):
        return marks
    plain = unicodedata.normalize("NFD", before[-1])[0]
    return "".join(_voice(plain) if mark in _VOICED_MARKS else plain for mark in marks)


def _voice(kana: str) -> str:
    voiced = unicodedata.normalize("NFC", f"{kana}\u3099")
    return voiced if len(voiced) == 1 else kana
