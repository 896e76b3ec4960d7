"""How much a text looks like words that somebody wrote, whatever it was read with.

Two OCR models put their confidences on different scales, and neither says that a text is no language at all.
This score is of the text alone: characters that follow each other as they do in words, kanji that are in use,
numbers that are written as numbers.
"""

from __future__ import annotations

import lzma
import re
import unicodedata
from array import array
from bisect import bisect_left
from functools import cache, lru_cache
from pathlib import Path

TABLES = Path(__file__).with_name("sequences.xz")
"""The usual sequences of Latin characters, kana and kanji; scripts/sequence_tables.py writes it."""

LETTERS = "abcdefghijklmnopqrstuvwxyz{"
"""Without accents; the last is the edge of a word."""
HIRAGANA = "".join(map(chr, range(0x3041, 0x3094))) + "ー"
KATAKANA = "".join(map(chr, range(0x30A1, 0x30F5))) + "ー"
KANJI = bytes(byte for row in range(0xB0, 0xD0) for cell in range(0xA1, 0xFF) for byte in (row, cell)).decode(
    "euc_jp", "ignore"
)
"""The first level of JIS X 0208: all that are in common use."""

_PIECE = re.compile(
    r"(?P<number>[+\-−△▲¥￥$€£#№]?\d+(?:[.,:/\-−‐~年月日時分秒円個本枚冊名件人回%％]+\d+)*[%％]?)"
    r"|(?P<latin>[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’][A-Za-zÀ-ÖØ-öø-ɏ]+)?)"
    r"|(?P<hiragana>[ぁ-ゖゝゞー]+)"
    r"|(?P<katakana>[ァ-ヺー・ヽヾ]+)"
    r"|(?P<kanji>[々〆〇㐀-䶿一-鿿\uf900-\ufaff]+)"
    r"|(?P<foreign>[^\W\d_])"
    r"|(?P<symbol>\S)"
)
_ONE_HIRAGANA = frozenset(
    "のをにはがでともへやかるいうくすつむぶぬりしちきぎれせえけげめべてたっさなんまそこおごよお"
)
"""Between kanji a single hiragana is a particle or an ending."""
_ONE_CHAR_WORDS = frozenset("aAIiOoyYeE")
_SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょァィゥェォッャュョー")
_PUNCTUATION = frozenset(
    "、。，．,.・:：;；!！?？()（）「」『』[]［］【】〔〕<>〈〉《》“”‘’\"'/／-−‐–—~〜～…%％&＆*＊+＋=＝@#＃¥￥$€£°℃〒№※○●◎△▲▽▼□■◇◆☆★→←↑↓①②③④⑤⑥⑦⑧⑨⑩|_"
)
_FREE_SYMBOLS = 0.35
"""Share of symbols that a text may have: tables of contents have leaders, forms have brackets."""
_UNUSUAL_KANJI, _RARE_KANJI = 0.85, 0.1
_ODD_CASE = 0.5
_SINGLE_KANJI, _SUFFIX, _STRAY_KANJI = 0.8, 0.7, 0.2
_LONE_CHAR = 0.3
_ABBREVIATION, _MAX_ABBREVIATION = 0.5, 4

SCHOOL_KANJI = frozenset(
    "一右雨円王音下火花貝学気九休玉金空月犬見五口校左三山子四糸字耳七車手十出女小上森人水正生青夕石赤千川"
    "先早草足村大男竹中虫町天田土二日入年白八百文木本名目立力林六引羽雲園遠何科夏家歌画回会海絵外角楽活間"
    "丸岩顔汽記帰弓牛魚京強教近兄形計元言原戸古午後語工公広交光考行高黄合谷国黒今才細作算止市矢姉思紙寺自"
    "時室社弱首秋週春書少場色食心新親図数西声星晴切雪船線前組走多太体台地池知茶昼長鳥朝直通弟店点電刀冬当"
    "東答頭同道読内南肉馬売買麦半番父風分聞米歩母方北毎妹万明鳴毛門夜野友用曜来里理話悪安暗医委意育員院飲"
    "運泳駅央横屋温化荷界開階寒感漢館岸起期客究急級宮球去橋業曲局銀区苦具君係軽血決研県庫湖向幸港号根祭皿"
    "仕死使始指歯詩次事持式実写者主守取酒受州拾終習集住重宿所暑助昭消商章勝乗植申身神真深進世整昔全相送想"
    "息速族他打対待代第題炭短談着注柱丁帳調追定庭笛鉄転都度投豆島湯登等動童農波配倍箱畑発反坂板皮悲美鼻筆"
    "氷表秒病品負部服福物平返勉放味命面問役薬由油有遊予羊洋葉陽様落流旅両緑礼列練路和愛案以衣位茨印英栄媛"
    "塩岡億加果貨課芽賀改械害街各覚潟完官管関観願岐希季旗器機議求泣給挙漁共協鏡競極熊訓軍郡群径景芸欠結建"
    "健験固功好香候康佐差菜最埼材崎昨札刷察参産散残氏司試児治滋辞鹿失借種周祝順初松笑唱焼照城縄臣信井成省"
    "清静席積折節説浅戦選然争倉巣束側続卒孫帯隊達単置仲沖兆低底的典伝徒努灯働特徳栃奈梨熱念敗梅博阪飯飛必"
    "票標不夫付府阜富副兵別辺変便包法望牧末満未民無約勇要養浴利陸良料量輪類令冷例連老労録圧囲移因永営衛易"
    "益液演応往桜可仮価河過快解格確額刊幹慣眼紀基寄規喜技義逆久旧救居許境均禁句型経潔件険検限現減故個護効"
    "厚耕航鉱構興講告混査再災妻採際在財罪殺雑酸賛士支史志枝師資飼示似識質舎謝授修述術準序招証象賞条状常情"
    "織職制性政勢精製税責績接設絶祖素総造像増則測属率損貸態団断築貯張停提程適統堂銅導得毒独任燃能破犯判版"
    "比肥非費備評貧布婦武復複仏粉編弁保墓報豊防貿暴脈務夢迷綿輸余容略留領歴胃異遺域宇映延沿恩我灰拡革閣割"
    "株干巻看簡危机揮貴疑吸供胸郷勤筋系敬警劇激穴券絹権憲源厳己呼誤后孝皇紅降鋼刻穀骨困砂座済裁策冊蚕至私"
    "姿視詞誌磁射捨尺若樹収宗就衆従縦縮熟純処署諸除承将傷障蒸針仁垂推寸盛聖誠舌宣専泉洗染銭善奏窓創装層操"
    "蔵臓存尊退宅担探誕段暖値宙忠著庁頂腸潮賃痛敵展討党糖届難乳認納脳派拝背肺俳班晩否批秘俵腹奮並陛閉片補"
    "暮宝訪亡忘棒枚幕密盟模訳郵優預幼欲翌乱卵覧裏律臨朗論"
)
"""The 1,026 that are taught first: nine tenths of the kanji of any text."""


def plausibility(text: str) -> float:
    """From 0 (no language) to 1: the mean over the text's characters, spaces aside; 0 without any.

    Numbers say little and count half of their characters. Hangul, Cyrillic and the other scripts that no
    table is for count as plausible.
    """
    total = weight = symbols = 0.0
    for piece, kind, before, after in _pieces(text):
        if kind == "symbol":
            symbols += 1.0 if piece in _PUNCTUATION else 2.0
            continue
        share = 0.5 * len(piece) if kind == "number" else float(len(piece))
        total += share * _of_piece(piece, kind, before, after)
        weight += share
    if not weight:
        return 0.0
    excess = max(0.0, symbols - _FREE_SYMBOLS * (weight + symbols))
    return total / (weight + excess)


def word_plausibility(word: str) -> float:
    """Of one word in Latin letters: the share of its sequences of four that European languages use.

    The edges of the word are in them, so words of two and three letters are known as a whole.
    """
    padded = f"{LETTERS[-1]}{bare_letters(word)}{LETTERS[-1]}"
    count = len(padded) - 3
    return sum(_is_usual(padded[start : start + 4], LETTERS) for start in range(count)) / max(1, count)


@lru_cache(maxsize=4_096)
def bare_letters(word: str) -> str:
    """In small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(
        char for char in decomposed if "a" <= char <= "z" or (not char.isascii() and char.isalpha())
    )


def _pieces(text: str) -> list[tuple[str, str, str, str]]:
    """Each piece with its kind and the characters beside it, which are "" beside spaces."""
    found = []
    for match in _PIECE.finditer(text):
        before = text[match.start() - 1] if match.start() else ""
        after = text[match.end()] if match.end() < len(text) else ""
        found.append((match[0], str(match.lastgroup), before.strip(), after.strip()))
    return found


def _of_piece(piece: str, kind: str, before: str, after: str) -> float:
    if kind == "latin":
        return _of_latin(piece, before, after)
    if kind == "hiragana":
        return _of_kana(piece, HIRAGANA, before)
    if kind == "katakana":
        return _of_kana(piece, KATAKANA, before)
    if kind == "kanji":
        return _of_kanji_run(piece)
    return _of_number(before, after) if kind == "number" else 1.0


def _of_number(before: str, after: str) -> float:
    # A digit in the middle of a word was misread.
    return 1.0 if not (_is_latin(before) and _is_latin(after)) else 0.2


def _of_latin(word: str, before: str, after: str) -> float:
    if len(word) == 1:
        return 1.0 if word in _ONE_CHAR_WORDS and not before and not after else _LONE_CHAR
    score = word_plausibility(word)
    if word.isupper():
        # Abbreviations and codes have no vowels to speak of.
        return max(score, _ABBREVIATION) if len(word) <= _MAX_ABBREVIATION else score
    is_usual_case = word[1:].islower()
    return score if is_usual_case else score * _ODD_CASE


def _of_kana(piece: str, alphabet: str, before: str) -> float:
    if len(piece) == 1:
        if alphabet is HIRAGANA:
            return 1.0 if piece in _ONE_HIRAGANA and before else _LONE_CHAR
        return _LONE_CHAR
    pairs = [piece[start : start + 2] for start in range(len(piece) - 1)]
    usual = sum(1.0 for pair in pairs if _is_usual(pair, alphabet))
    # The first character may be small only after another kana.
    starts_badly = piece[0] in _SMALL_KANA and not (before and "\u3041" <= before <= "\u30fc")
    return max(0.0, usual / len(pairs) - (0.3 if starts_badly else 0.0))


def _of_kanji_run(run: str) -> float:
    if len(run) == 1:
        return _SINGLE_KANJI * _of_kanji(run)
    has_usual = [_is_usual(run[start : start + 2], KANJI) for start in range(len(run) - 1)]
    # Compounds meet in a run, so a character is in place when either of its pairs is; one beside such a
    # character may be a suffix.
    in_place = [one or other for one, other in zip([False, *has_usual], [*has_usual, False], strict=True)]
    beside = [one or other for one, other in zip([False, *in_place], [*in_place[1:], False], strict=False)]
    factors = [
        1.0 if ok else _SUFFIX if near else _STRAY_KANJI for ok, near in zip(in_place, beside, strict=True)
    ]
    return sum(_of_kanji(char) * factor for char, factor in zip(run, factors, strict=True)) / len(run)


def _of_kanji(char: str) -> float:
    if char in SCHOOL_KANJI or char in "々〆〇":
        return 1.0
    return _UNUSUAL_KANJI if char in _alphabet(KANJI) else _RARE_KANJI


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _is_usual(sequence: str, alphabet: str) -> bool:
    """Whether a sequence is in its table; one with a character outside the table's alphabet is."""
    order = _alphabet(alphabet)
    place = 0
    for char in sequence:
        if char not in order:
            return True
        place = place * len(alphabet) + order[char]
    table = _tables()[alphabet]
    found = bisect_left(table, place)
    return found < len(table) and table[found] == place


@cache
def _alphabet(alphabet: str) -> dict[str, int]:
    return {char: place for place, char in enumerate(alphabet)}


@cache
def _tables() -> dict[str, array[int]]:
    """The places of the usual sequences among all possible ones, by alphabet, in order."""
    packed = iter(lzma.decompress(TABLES.read_bytes()))
    tables = {}
    for alphabet in (LETTERS, HIRAGANA, KATAKANA, KANJI):
        count = int.from_bytes([next(packed) for _ in range(4)], "big")
        places, place = array("L"), 0
        for _ in range(count):
            shift, byte = 0, 0x80
            while byte & 0x80:
                byte = next(packed)
                place += (byte & 0x7F) << shift
                shift += 7
            places.append(place)
        tables[alphabet] = places
    return tables
