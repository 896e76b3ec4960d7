"""Sentences for a long report, from a vocabulary that is as wide as a white paper's."""

from __future__ import annotations

import random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SUBJECTS = _words(
    "少子高齢化 労働生産性 再生可能エネルギー 中小企業 地方公共団体 社会保障制度 人工知能 国際競争力 "
    "医療従事者 待機児童 温室効果ガス 防災訓練 個人消費 設備投資 研究開発 知的財産 消費者物価指数 "
    "有効求人倍率 農林水産物 観光消費額 海上輸送 公共交通機関 都市再開発 教育機会 職業訓練 外国人材 "
    "子育て世帯 空き家対策 森林資源 水質汚濁 感染症対策 情報セキュリティ 電子申請 健康寿命 介護予防 "
    "半導体産業 蓄電池 水素ステーション 航空貨物 食料自給率 漁獲量 災害廃棄物 橋梁補修 上下水道 "
    "住宅ローン 年金積立金 租税特別措置 政府開発援助 経済連携協定"
)
PLACES = _words(
    "北海道 東北地方 関東甲信 北陸三県 東海地域 近畿圏 中国地方 四国四県 九州各県 沖縄県 都市部 "
    "農山漁村 沿岸部 離島 欧州連合 東南アジア諸国 主要七か国 新興国 過疎地域 政令指定都市"
)
_CHANGES = _words(
    "増加した 減少した 横ばいで推移した 上昇に転じた 急激に低下した 回復の兆しを見せた 拡大傾向にある"
)
_REASONS = _words(
    "円安の進行 原油価格の高騰 暖冬の影響 制度改正の効果 人手不足の深刻化 デジタル技術の普及 "
    "補助金の拡充 消費税率の引上げ 供給網の混乱 規制緩和の推進 世界的な景気減速 訪日旅行者の回復"
)
_ACTIONS = _words(
    "支援体制を強化する 基本計画を策定する 関係府省と連携を図る 予算措置を講じる 実態調査を実施する "
    "法改正を検討する 指針を公表する 相談窓口を設置する 人材育成を促進する 数値目標を定める "
    "評価指標を見直す 周知徹底を図る"
)
_FORMS = (
    "{s}については、{p}において前年度比{a}.{b}％と{c}。",
    "{r}を背景に、{p}の{s}は{y}年度に{n}億円となり、{c}。",
    "こうした状況を踏まえ、政府は{s}に関し、{t}こととしている。",
    "他方、{s}と{u}との間には地域差がみられ、{p}では{a}ポイントの開きがある（図表{f}－{g}参照）。",
    "「{s}に関する世論調査」（{y}年{m}月）によれば、「{u}を重視する」と回答した者の割合は{a}.{b}％であった。",
    "このため、{p}を中心に{s}の見直しが進められており、{y}年までに{n}か所の整備を目指す。",
    "{s}の推移をみると、{y}年の{n}万人をピークとして{c}ものの、{r}により先行きは不透明である。",
    "また、{u}を含む{s}の総額は、{n},{k}百万円（対ＧＤＰ比{b}.{a}％）に達し、過去最高を更新した。",
    "その要因としては、{r}のほか、{u}に対する需要の変化が挙げられる。",
    "なお、{p}の{n}市町村では、独自に{t}動きが広がっている。",
)
NOTES = (
    "注{f}：{s}の値は年度平均。{y}年以前は旧基準による参考値であり、接続しない。",
    "（資料）総務省「{s}統計調査」、{p}経済局「{u}年報」により作成。",
    "※{f} {y}年{m}月末日現在。四捨五入の関係で合計が一致しない場合がある。",
)


def sentence(chance: random.Random, forms: tuple[str, ...] = _FORMS) -> str:
    """One sentence; numbers and words are chosen by `chance`."""
    first, second = chance.sample(SUBJECTS, 2)
    return chance.choice(forms).format(
        s=first,
        u=second,
        p=chance.choice(PLACES),
        c=chance.choice(_CHANGES),
        r=chance.choice(_REASONS),
        t=chance.choice(_ACTIONS),
        a=chance.randint(1, 97),
        b=chance.randint(0, 9),
        y=chance.randint(1990, 2031),
        n=chance.randint(2, 990),
        k=chance.randint(100, 999),
        m=chance.randint(1, 12),
        f=chance.randint(1, 4),
        g=chance.randint(1, 30),
    )


def paragraph(chance: random.Random, chars: int) -> str:
    """Sentences of together at least so many characters."""
    text = ""
    while len(text) < chars:
        text += sentence(chance)
    return text


def heading(chance: random.Random) -> str:
    """A heading of a section."""
    return f"第{chance.randint(1, 6)}節　{chance.choice(PLACES)}における{chance.choice(SUBJECTS)}の現状と課題"


def figures_table(chance: random.Random, rows: int, columns: int) -> list[list[str]]:
    """A table as white papers have it: a head of years, names at the left, figures."""
    first_year = chance.randint(2008, 2019)
    table = [["区分", *(f"{first_year + number}年度" for number in range(columns))]]
    for name in chance.sample(SUBJECTS, rows):
        cells = [f"{chance.randint(1_000, 990_000):,}" for _ in range(columns - 1)]
        table.append(
            [
                name,
                *cells,
                f"{'△' if chance.random() < 0.3 else ''}{chance.randint(0, 98)}.{chance.randint(0, 9)}",
            ]
        )
    return table
