"""How people mistype and how OCR misreads: tables and rules, all of them seeded."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

# The converter of the keyboard offers the wrong one, or the eye slips.
_WRONG: Mapping[str, str] = {
    **dict(zip("非常用自家発電機従業員持株会", "被場容時課髪殿器重行院待抹回", strict=True)),
    **dict(zip("無停源装置全動洗浄廃油回収者", "務亭原層値善働先状排湯会集社", strict=True)),
    **dict(zip("産学連携協定熱中症予防特別高圧受", "散額練形恊廷勢仲障余妨持列校厚授", strict=True)),
    **dict(zip("耐火金庫粉塵爆止所作車危険物取扱", "対化禁車紛陣暴死書昨者気検者収汲", strict=True)),
    **dict(zip("気充緊急地震速報長距離輸送便海外", "機重近休知振足法張巨璃輪走弁梅概", strict=True)),
    **dict(zip("駐在規程プラネタリウムクロスカト", "注材既定ブワメクソワヌワコヌガド", strict=True)),
    **dict(zip("フォーリハイドロポンプ", "ワョ－ソバィトコホシブ", strict=True)),
}
LOOK_ALIKE: Mapping[str, str] = {
    **dict(zip("カロエニハタトミー", "力口工二八夕卜三一", strict=True)),
    **dict(zip("力口工二八夕一", "カロエニハター", strict=True)),
    **dict(zip("末未土士千干入人", "未末士土干千人入", strict=True)),
    **dict(zip("0Ol1I5S8B", "O01l1S5B8", strict=True)),
}
_NOISE: Mapping[str, str] = {
    **LOOK_ALIKE,
    **dict(zip("日目間問議義線緑輸輪", "目日問間義議緑線輪輸", strict=True)),
}
_MOST_MISREAD = 2
_NOISE_SHARE = 0.01


def misread(word: str, chance: Random) -> str:
    """The word with one or two of its characters as OCR has them; unchanged where OCR misreads none."""
    places = [at for at, char in enumerate(word) if char in LOOK_ALIKE]
    count = min(len(places), chance.randint(1, _MOST_MISREAD))
    characters = list(word)
    for at in chance.sample(places, count):
        characters[at] = LOOK_ALIKE[characters[at]]
    return "".join(characters)


def add_noise(line: str, chance: Random) -> str:
    """A line of OCR: one in a hundred of those that OCR confuses is misread."""
    return "".join(
        _NOISE[char] if char in _NOISE and chance.random() < _NOISE_SHARE else char for char in line
    )


def mistype(word: str, chance: Random) -> str:
    """The word with one character that is wrong, missing, twice, or swapped with the next."""
    at = chance.randrange(1, len(word) - 1)
    match chance.choice(("wrong", "wrong", "wrong", "missing", "twice", "swapped")):
        case "wrong":
            return word[:at] + _WRONG.get(word[at], "々") + word[at + 1 :]
        case "missing":
            return word[:at] + word[at + 1 :]
        case "twice":
            return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
