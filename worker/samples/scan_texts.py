"""Text for scans of any length: a fictional white paper in which each page is different.

Every page has a word of its own: two names side by side, which the body never uses, so that a search for it
finds that page alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = {
    "jpn": _words(
        "青森 秋田 山形 宮城 福島 千葉 富山 石川 福井 長野 岐阜 静岡 愛知 三重 京都 "
        "大阪 奈良 岡山 広島 山口 徳島 香川 愛媛 高知 福岡 佐賀 長崎 熊本 大分 宮崎"
    ),
    "eng": _words(
        "Acorn Badger Candle Dolphin Emerald Falcon Garden Hammer Meadow Jasmine "
        "Kettle Lantern Marble Needle Orchard Pepper Quarry Ribbon Saddle Timber "
        "Umbrella Velvet Walnut Yellow Zebra Anchor Bridge Copper Dragon Engine"
    ),
}
_FIELDS = {
    "jpn": _words("製造業 建設業 小売業 運輸業 農業 漁業 林業 観光業 情報通信業 医療福祉分野"),
    "eng": _words("manufacturing construction retail transport farming fishing forestry tourism health"),
}
_SENTENCES = {
    "jpn": (
        "{year}年度の{field}における生産額は前年度に比べて{n}％増加し、過去十年間で最も高い水準となった。",
        "とりわけ{field}では、設備の更新と人材の育成を同時に進めた事業者ほど収益の改善が大きい。",
        "調査に回答した{m}社のうち、{n}％が今後三年以内に新しい設備を導入する計画があると答えている。",
        "一方で、原材料の価格が上昇したため、利益率は{n}％の低下となり、価格への転嫁が課題である。",
        "{field}に従事する者の平均年齢は{year}年以降ゆるやかに上昇しており、技能の継承が急がれる。",
        "国は{year}年に支援制度を見直し、小規模な事業者でも手続きを簡単に行えるように改めた。",
        "この結果、申請の件数は{m}件に達し、前の年度の同じ時期と比べておよそ{n}％の増加となった。",
        "ただし、地域によって取り組みの進み方には大きな差があり、情報の共有が十分とはいえない。",
        "本章では、{field}を取り巻く環境の変化を整理し、今後の政策の方向について検討を行う。",
        "電力の使用量を{n}％削減した工場では、記録の自動化と作業手順の見直しが効果を上げている。",
        "また、物流の効率を高めるために、共同で倉庫を利用する仕組みが{m}の市町村で始まった。",
        "{field}の現場では、紙の書類を電子化し、必要な情報をすぐに検索できる体制づくりが進んでいる。",
        "災害に備えた計画を定めている事業者の割合は{n}％にとどまり、引き続き啓発が必要である。",
        "専門家の会議は、{year}年までに目標を達成するためには、毎年{n}％の改善が求められると指摘した。",
        "若い世代の就業を促すため、学校と企業が協力して{m}回の実習を行い、高い評価を得ている。",
        "さらに、品質の検査に画像を用いる方法が広がり、不良品の発生は半分以下に減少した。",
        "取引の記録を長く保存することは、信頼を高めるだけでなく、将来の分析にも役立つものである。",
        "以上のことから、{field}の持続的な成長には、官民の連携と計画的な投資が欠かせない。",
    ),
    "eng": (
        "In {year} the output of {field} grew by {n} percent and reached the highest level in ten years.",
        "Companies in {field} that renewed their equipment and trained their staff improved the most.",
        "Of the {m} firms that answered, {n} percent plan to buy new machines within three years.",
        "The price of raw materials rose, however, and margins fell by {n} percent on average.",
        "The average age of workers in {field} has risen since {year}, so skills must be passed on soon.",
        "The rules for support were simplified in {year} so that small firms can apply without help.",
        "As a result, {m} applications were received, about {n} percent more than a year before.",
        "Progress differs greatly between regions, and experience is not yet shared well enough.",
        "This chapter describes how {field} is changing and discusses what should be done next.",
        "Factories that cut their use of power by {n} percent had automated their records first.",
        "Shared warehouses were opened in {m} towns in order to make transport more efficient.",
        "Paper records in {field} are being scanned so that they can be searched in a moment.",
        "Only {n} percent of firms have a written plan for disasters, and more advice is needed.",
        "Experts say that a yearly gain of {n} percent is needed to reach the target by {year}.",
        "Schools and companies held {m} courses together, and young people rated them highly.",
        "Inspection by camera has spread, and the number of faulty parts has dropped by half.",
    ),
}
_HEADING = {"jpn": "地域産業白書　{word}編", "eng": "Regional Industry Report: {word}"}
_PAGE_CHARS = {"jpn": 980, "eng": 2_000}
_PARAGRAPH_SENTENCES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanPage:
    """The words of one page, top to bottom."""

    heading: str
    paragraphs: tuple[str, ...]
    footer: str

    @property
    def text(self) -> str:
        """The text of the page, one line per part."""
        return "\n".join((self.heading, *self.paragraphs, self.footer))


def page_word(number: int, language: str = "jpn") -> str:
    """The word that occurs only on page `number` (1 to 900) of a scan."""
    names = _NAMES[language]
    first, second = divmod(number - 1, len(names))
    return f"{names[first]}{names[(first + second + 1) % len(names)]}"


def scan_page(number: int, *, seed: int, language: str) -> ScanPage:
    """The words of page `number`, the same for the same seed; language is jpn or eng."""
    choose = random.Random(f"{seed}/{number}/{language}")
    sentences: list[str] = []
    order = list(_SENTENCES[language])
    while sum(map(len, sentences)) < _PAGE_CHARS[language]:
        choose.shuffle(order)
        sentences.extend(_fill_in(sentence, choose, language) for sentence in order)
    sentences = _take_sentences(sentences, _PAGE_CHARS[language])
    glue = " " if language == "eng" else ""
    starts = range(0, len(sentences), _PARAGRAPH_SENTENCES)
    return ScanPage(
        heading=_HEADING[language].format(word=page_word(number, language)),
        paragraphs=tuple(glue.join(sentences[start : start + _PARAGRAPH_SENTENCES]) for start in starts),
        footer=f"- {number} -",
    )


def _fill_in(sentence: str, choose: random.Random, language: str) -> str:
    return sentence.format(
        year=choose.randint(2001, 2029),
        n=choose.randint(11, 98),
        m=choose.randint(120, 980),
        field=choose.choice(_FIELDS[language]),
    )


def _take_sentences(sentences: list[str], limit_chars: int) -> list[str]:
    taken: list[str] = []
    for sentence in sentences:
        if sum(map(len, taken)) + len(sentence) > limit_chars:
            break
        taken.append(sentence)
    return taken
