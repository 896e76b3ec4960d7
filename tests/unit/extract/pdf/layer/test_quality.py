"""Which texts pass the quality check of a layer, and which fail it."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import pytest

from worker.extract.pdf.layer.quality import LayerReason, check_quality, may_be_misread

pytestmark = pytest.mark.unit

_ENGLISH = (
    "The service reads every document once and keeps its text beside the index, so that a page is found by "
    "what stands on it. What cannot be read is said to be so, with the reason, and is tried again later."
)
_JAPANESE = "日本語の文書を全文検索するためのシステムです。毎日、多くの文書が登録されます。"
_GOOD = {
    "no-break spaces": "\xa0Salaire\xa0de\xa0base\xa0\xa0\xa0\xa01820,04\xa0\xa0\xa0EUR\xa0\n" * 9,
    "soft hyphens": "Stra\xdfen\xadbahn\xadhalte\xadstelle \xdcber\xadgr\xf6\xdfen\xadzu\xadschlag " * 5,
    "a pangram": "Zażółć gęślą jaźń, Łódź ul. Żwirki. " * 9,
    "Welsh": "Mae gan bawb hawl i ryddid barn a mynegiant; mae'r hawl hon yn cynnwys rhyddid i ddal barn heb "
    "ymyrraeth ac i geisio, derbyn a chyfrannu gwybodaeth a syniadau trwy unrhyw gyfrwng.",
    "amounts": "\u20ac1,234 \xa31,234 \xa51,234 \xb1 0,5 \xb0C \xbd \xd7 3 m\xb3 \u2264 4 \u2030 " * 9,
    "English": _ENGLISH,
    "Japanese": _JAPANESE * 5,
    "kanji beyond the basic plane": "𠮟る、𩸽、𠀋。",
    "a page number": "3",
    "figures": "1,234 5,678 9.10 (11) -12 " * 9,
    "leaders": "Chapter 1 ......................................... 7",
    "Finnish": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on "
    "annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
    "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "Romaji": "Subete no ningen wa umarenagara ni shite jiyuu de ari katsu songen to kenri to ni tsuite "
    "byoudou de aru. Ningen wa risei to ryoushin to o sazukerarete ori tagai ni koudou shinakereba naranai.",
    "German": "„Größenänderung“ — Straße überprüfen… «Öfen» – für Äpfel, Öl und Übermut; naïve Façade © ® ™",
    "French": "L’été dernier, l’élève « naïf » a été reçu à l’école — voilà !… où ? Çà et là.",
    "Chinese": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神互相對待。" * 2,
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 大韓民國은 共和國이다.",
    "names of languages": "English, Русский, العربية, 日本語, 한국어, Ελληνικά, עברית, ไทย",
    "formulas": "∑ αβγ ∫ f(x)dx = λμ + Δσ ≤ θ ∈ Ω where ε → 0 and all μm are measured",
    "code": "def main(self): return frozenset(p.number for p in self.pages if p.source) # url_kwargs ptr "
    "class Reader(object): import re; while True: break; raise ValueError from error; yield from pages",
    "part numbers": " ".join(f"XKQ-{n}BZ WVXQZ{n} HJKLM" for n in range(100, 140)),
}


@pytest.mark.parametrize("text", _GOOD.values(), ids=_GOOD.keys())
def test_real_text_passes(text: str) -> None:
    assert check_quality(text) is None


def _cipher(text: str) -> str:
    letters = list(string.ascii_lowercase)
    # This key is no exception: of 500 random ones 461 are detected.
    random.Random(7).shuffle(letters)
    return text.lower().translate(str.maketrans(string.ascii_lowercase, "".join(letters)))


_MISREAD_FRENCH = "L'\xe9l\xe8ve na\xeff, d\xe9\xe7u, a \xe9t\xe9 re\xe7u. ".encode().decode("cp1252") * 3
_BAD = {
    "ligatures in private use": (_ENGLISH.replace("er", "\ue107"), LayerReason.UNMAPPED),
    "ligatures as codes": (_ENGLISH.replace("er", "\x1f"), LayerReason.UNMAPPED),
    "numbers of glyphs": (
        "".join(chr(max(1, ord(char) - 29)) if char != " " else char for char in _ENGLISH),
        LayerReason.UNMAPPED,
    ),
    "digits mapped, letters not": (
        ')($(!*, +, )(+, 2290,92 -,-*,+ $,/((",* 696,41 ' * 5,
        LayerReason.GARBAGE,
    ),
    "French in UTF-8 shown as Latin-1": (_MISREAD_FRENCH, LayerReason.SCRIPT_MIX),
    "Cyrillic letters in French": (
        "\u0439l\u0438ve \u0439tait d\u0439j\u0430 re\u0437u l'\u0439t\u0439 apr\u0438s " * 3,
        LayerReason.SCRIPT_MIX,
    ),
    "extension A": ("\u4fdd\u5b88\u696d\u52d9" * 9 + "\u3400\u3401\u3402", LayerReason.SCRIPT_MIX),
    "private use": ("abcd\ue001\ue002" * 9, LayerReason.UNMAPPED),
    "replacement characters": ("abc\ufffd" * 9, LayerReason.UNMAPPED),
    "controls": ("ab\x03\x04" * 9, LayerReason.UNMAPPED),
    "symbols only": ('"#$%&()*+,-./:;<=>?@[]^_{|}~', LayerReason.GARBAGE),
    "substituted letters": (_cipher(_ENGLISH), LayerReason.GARBAGE),
    "letters shifted by one": (
        "".join(chr(ord(c) + 1) if c.isalpha() else c for c in _ENGLISH),
        LayerReason.GARBAGE,
    ),
    "Greek, Thai and Hebrew in one word": ("αกאβขב" * 9, LayerReason.SCRIPT_MIX),
    "codes of glyphs as characters": (
        "ʂҞ\u0e7fʦࣅѻɫʒɭƆ ʂ\u0ec5ޤɼ ˞˴ʿʮʶˏ ɿɸɘɺɭɻɿɨ\u0a23\u0a97ɻɫɳ ʝƅɧʂࣂʦ\u0c93ʄɫɺ ɘʒɯʧƆ " * 4,
        LayerReason.SCRIPT_MIX,
    ),
    "rare ideographs": (
        "".join(map(chr, range(0x4E00, 0x9F00, 199))),
        LayerReason.SCRIPT_MIX,
    ),
}


@pytest.mark.parametrize(("text", "reason"), _BAD.values(), ids=_BAD.keys())
def test_what_is_no_real_text_fails(text: str, reason: LayerReason) -> None:
    assert check_quality(text) is reason


@pytest.mark.parametrize("shown_in", ["cp1252", "latin-1"])
@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "utf-8"])
def test_japanese_bytes_shown_as_western_letters_fail(encoding: str, shown_in: str) -> None:
    mojibake = _JAPANESE.encode(encoding).decode(shown_in, "replace")

    assert check_quality(mojibake) is LayerReason.SCRIPT_MIX


def _hyphenate(text: str) -> str:
    return text.replace("e", "e\x02").replace("o", "o\ufffe")


def _foreign_name(text: str) -> str:
    return text + " “ú–{Œê"


@pytest.mark.parametrize("change", [_hyphenate, _foreign_name])
def test_a_little_of_it_is_no_reason_to_reject_a_page(change: Callable[[str], str]) -> None:
    assert check_quality(change(_ENGLISH)) is None


def test_garbage_in_the_middle_of_a_long_page_is_found() -> None:
    assert check_quality(_ENGLISH * 10 + "\ue001" * 4_000 + _ENGLISH * 10) is LayerReason.UNMAPPED


_MISREAD = "LU SSE RT GEDA PRIS BX HALALEIWES COLUM ClAMRMOBRASAMELELET CHITHEIFECETD Salt RRBaFeAKRAOA TATCT"


@pytest.mark.parametrize(
    ("text", "misread"),
    [
        (_MISREAD, True),
        (_ENGLISH, False),
        ("Les élèves étudiaient déjà à l’école après les vacances d’été à Paris", False),
        (_JAPANESE * 10 + _MISREAD, False),
        ("LU SSE RT", False),
        ("Aaalggfitted Mmuunnicippaall rrreeport oof tthhee bbuudgett ccommmitteee", True),
        ("Moskva Москва столица России и крупнейший город страны по населению", False),
    ],
    ids=["misread", "English", "French", "Japanese with codes", "too short", "letters repeated", "Russian"],
)
def test_japanese_ocred_as_english_is_detected(text: str, misread: bool) -> None:
    assert check_quality(text) is None
    assert may_be_misread(text) is misread
