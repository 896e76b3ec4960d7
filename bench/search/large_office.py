"""Many documents of 2 KB, for speed: how common each word is, is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random

from bench.search.office_file import OfficeFile
from bench.search.tables.office_words import JAPANESE
from bench.search.tables.sought_words import PARTS, PLACES, RARE, WORK
from worker.models.document import Document

SHARES = {"定例点検": 0.3, "臨時配車": 0.1, "年次棚卸": 0.03}
"""Words, and the share of the documents that hold each."""
COMMON_WORD = next(iter(SHARES))
RARE_WORDS = RARE[:10]
RARE_IN = 5
_BYTES = 2_048
_SENTENCES = 3_000


def tier_one_queries() -> tuple[str, ...]:
    """What people type who remember the words: common and rare ones, pairs, compounds, a phrase."""
    compounds = (f"{place}{part}" for place, part in zip(PLACES[:6], PARTS[:6], strict=True))
    pairs = ("営業部 連絡", "定例点検 総務部", "臨時配車 冷凍倉庫", f"{RARE[0]} 担当者")
    return (*SHARES, *RARE_WORDS[:6], *compounds, *pairs, '"別紙のとおり"')


def large_office(count: int, *, seed: int = 1) -> Iterator[Document]:
    """`count` documents; each of the rare words is in five of them, whatever the count."""
    chance = Random(seed)
    sentences = [_sentence(chance) for _ in range(_SENTENCES)]
    rare: dict[int, list[str]] = {}
    for word in RARE_WORDS:
        for number in chance.sample(range(count), RARE_IN):
            rare.setdefault(number, []).append(word)
    for number in range(count):
        lines = [f"伝票番号 {number:07}", *rare.get(number, ())]
        lines += [f"{word}を行う。" for word, share in SHARES.items() if chance.random() < share]
        size = sum(len(line.encode()) + 1 for line in lines)
        while size <= _BYTES:
            lines.append(chance.choice(sentences))
            size += len(lines[-1].encode()) + 1
        yield _document(number, "\n".join(lines))


def _sentence(chance: Random) -> str:
    sentence = chance.choice(JAPANESE.sentences).format(
        department=chance.choice(JAPANESE.departments),
        person=chance.choice(JAPANESE.people),
        company=chance.choice(JAPANESE.companies),
        n=chance.randint(2, 999),
    )
    site = chance.choice(PLACES) + chance.choice(PARTS) + chance.choice(WORK)
    return f"{site}：{sentence}" if chance.random() < 0.2 else sentence


def _document(number: int, text: str) -> Document:
    path = f"/{JAPANESE.departments[number % 12]}/{number // 1_000:03}/伝票{number:07}.pdf"
    return OfficeFile(
        file_id=hashlib.sha256(path.encode()).hexdigest(),
        path=path,
        truth=text,
        pages=(text,),
        is_ocr=False,
        language="jpn",
        things=frozenset(),
    ).document
