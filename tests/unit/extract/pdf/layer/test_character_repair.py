"""Characters that fonts map to the wrong codes."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.character_repair import repair, repair_each

pytestmark = pytest.mark.unit

_KANA = "".join(map(chr, range(0x3041, 0x3097))) + "".join(map(chr, range(0x30A1, 0x30FB)))
_SENTENCE = "支払期限までにお振込ください。振込手数料は貴社にてご負担ください。"


def _shift(text: str) -> str:
    return "".join(chr(ord(char) + 0x1690) if char in _KANA else char for char in text)


@pytest.mark.parametrize(
    "text",
    [_SENTENCE, "サーバーの保守", "御請求の件", "請求書 " * 50 + "お振込の件", _KANA],
    ids=["a sentence", "katakana", "a heading", "two in a hundred", "every one"],
)
def test_kana_that_are_extension_a_are_kana_again(text: str) -> None:
    assert repair(_shift(text)) == text


@pytest.mark.parametrize(
    "text",
    ["内䝉古", _SENTENCE * 9 + "䛾", "㐀㐁㐂㐃㐄㐅㐆㐇㐈䛾䛤"],
    ids=["a word", "one in a page", "among others of extension A"],
)
def test_ideographs_of_extension_a_stay(text: str) -> None:
    assert repair(text) == text


@pytest.mark.parametrize(
    ("radicals", "kanji"),
    [
        ("社⻑室からのお知らせ", "社長室からのお知らせ"),
        ("⻄⽇本⻝品 ⻘⼭ ⾼⽥ ⻩⾊", "西日本食品 青山 高田 黄色"),
        ("⼾籍と⿊字", "戸籍と黒字"),
        ("⼾⿊", "戶黑"),
    ],
    ids=["of Japanese", "both blocks", "Japanese forms", "not known to be Japanese"],
)
def test_radicals_are_the_kanji_they_look_like(radicals: str, kanji: str) -> None:
    assert repair(radicals) == kanji


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (
            "the e\x0ecient o\x0fce of sti\x0b\r\n\x0crst \x0dights",
            "the efficient offlce of stiff\r\nfirst flights",
        ),
        ("the \uf001rst \uf002oor", "the first floor"),
        (
            "informaƟon aƩached, seƫng of the soŌware plaƞorm",
            "information attached, setting of the software platform",
        ),
    ],
    ids=["of TeX", "in private use", "of office fonts"],
)
def test_ligatures_are_letters_again(raw: str, text: str) -> None:
    assert repair(raw) == text


@pytest.mark.parametrize(
    "raw",
    [
        "one line\r\nand another\r\n",
        "\x0b \x0c 3\x0e4",
        "".join(f"a{chr(code)}" for code in range(3, 32) if code not in (9, 10)),
        "Ōsaka and Ɵ, \uf0b7 item",
    ],
    ids=["line ends", "no word", "a font that maps nothing", "letters and bullets"],
)
def test_other_codes_stay(raw: str) -> None:
    assert repair(raw) == raw


@pytest.mark.parametrize(
    ("raw", "pieces"),
    [
        ("of\x0cce", ["o", "f", "fi", "c", "e"]),
        ("acƟon", ["a", "c", "ti", "o", "n"]),
        ("⻑いのの", ["長", "い", "の", "の"]),
        ("plain \x0c", list("plain \x0c")),
    ],
)
def test_each_character_has_its_part_of_the_repaired_text(raw: str, pieces: list[str]) -> None:
    assert repair_each(raw) == pieces
    assert "".join(pieces) == repair(raw)
