"""The words of ordinary office files, in which nothing is sought."""

from __future__ import annotations

from dataclasses import dataclass


def words(text: str) -> tuple[str, ...]:
    """The words of a table, separated by white space."""
    return tuple(text.split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """What the files of one language are made of.

    `headers` have {kind} {department} {person} {company} {date}; `sentences` have {n} {company} {department}
    {person} too.
    """

    kinds: tuple[str, ...]
    departments: tuple[str, ...]
    companies: tuple[str, ...]
    people: tuple[str, ...]
    folders: tuple[str, ...]
    headers: tuple[str, ...]
    sentences: tuple[str, ...]
    items: tuple[str, ...]


JAPANESE = Vocabulary(
    kinds=words("報告書 議事録 契約書 請求書 送付状 領収書 手順書 名簿 稟議書 仕様書"),
    departments=words("営業部 総務部 経理部 労務課 製造部 品質課 技術部 購買課 情報課 企画室 法務室 物流課"),
    companies=words(
        "白石製作所 有限会社みどり園 東洋精機株式会社 株式会社北斗商事 ㈱若葉物産 三和電材 大空運輸 "
        "(株)千歳工業 泉化学 株式会社日の出製菓 丸福青果 南海紙業"
    ),
    people=words(
        "佐藤光 鈴木悟 田中瞳 伊藤薫 山本翠 中村昇 小林望 加藤渚 吉田栞 山田樹 松本潤 井上響 木村梢 "
        "池田司 阿部錦 橋本昴 森田楓 近藤暁 藤田忍 岡田雫"
    ),
    folders=words("2019年度 2020年度 2021年度 2022年度 2023年度 共有 保管 01_社内 02_社外 旧資料"),
    headers=(
        "{kind}",
        "区分：{kind}",
        "作成：{department} {person}",
        "日付：{date}",
        "相手先：{company}",
    ),
    sentences=(
        "{department}の{person}から現在の状況について説明があった。",
        "前回からの変更点は{n}か所であり、内容は別紙のとおりである。",
        "{company}からは{n}日以内に回答をいただくことになっている。",
        "次回は{department}で集まり、残りの{n}項目を確かめる。",
        "担当者は{person}とし、不在のときは{department}が代わる。",
        "必要な部材{n}個は倉庫にあり、追加の手配は要らない。",
        "作業は{n}人で行い、終わり次第{person}まで連絡すること。",
        "費用は当初の見込みより{n}％少なく済んだ。",
        "以前からの課題である人手の不足は、{department}の応援で補う。",
        "なお、詳しい数字は{department}が保管する資料を参照されたい。",
        "{company}の担当の方には{person}から礼状を出した。",
        "安全のため、作業の前に必ず{n}項目を確かめること。",
        "書類は{n}年間保管し、その後は{department}が廃棄する。",
        "出席者は{person}ほか{n}名で、欠席者はなかった。",
        "この件について、{department}の意見は賛成が{n}名であった。",
        "品質に関する指摘は{n}件あり、すべて対応を終えた。",
        "日程に余裕がないため、{person}が毎朝進み具合を知らせる。",
        "{company}の都合により、開始は{n}日遅れる見通しである。",
        "昨年と比べて件数は{n}件増え、内容も難しくなっている。",
        "以上の内容を{department}で確かめ、異議はなかった。",
        "備品は{department}の棚に戻し、数を帳面に書くこと。",
        "残業は月{n}時間までとし、超えるときは{person}に相談する。",
        "{person}は、原因は手順の読み違いであると述べた。",
        "写しを{n}部作り、{company}と{department}で持つ。",
    ),
    items=words("用紙 封筒 電池 手袋 工具箱 養生材 洗剤 台車 脚立 作業着 文具 段ボール"),
)
ENGLISH = Vocabulary(
    kinds=words("report minutes agreement invoice letter receipt manual roster"),
    departments=words("Sales Legal Accounts Logistics Production Quality Engineering Purchasing"),
    companies=(
        *("Harlow Tools Ltd", "Northgate Foods", "Ellis and Sons", "Kestrel Paper Inc", "Aoba Trading"),
        *("Blue Harbor Lines", "Summit Glass LLC", "Fenwick Motors"),
    ),
    people=(
        *("Alice Brown", "Peter Stone", "Laura King", "James Wood", "Emma Clark", "David Hill"),
        *("Nora West", "Oliver Grant", "Ken Sato", "Mika Tanaka"),
    ),
    folders=words("2021 2022 2023 Shared Archive Overseas Customers"),
    headers=("{kind}", "Type: {kind}", "Prepared by {person}, {department}", "Date: {date}", "To: {company}"),
    sentences=(
        "{person} explained the present state of the work to the {department} team.",
        "There are {n} open points, and the details can be found on the next page.",
        "{company} will answer within {n} days of this date.",
        "The team meets again next week in order to close the other {n} points.",
        "The cost was {n} percent below the first estimate.",
        "Please keep a copy of this paper for {n} years.",
        "All {n} people present agreed, and nobody was absent.",
        "The {department} team keeps the figures and sends them on request.",
        "{person} is responsible, with the {department} team as deputy.",
        "The start is {n} days late for reasons outside of our control.",
        "Every box must be counted twice before it leaves the building.",
        "{person} thanked {company} for {n} years of good work.",
        "A new plan will be ready by the end of the month.",
        "The number of cases rose by {n} over the last year.",
        "No further action is needed from {company} at this time.",
        "The keys are with {person}, whose desk is on floor {n}.",
    ),
    items=words("paper envelopes batteries gloves boxes tape soap trolleys ladders pens"),
)
COMMON = (*JAPANESE.kinds, *JAPANESE.departments, *ENGLISH.kinds, *ENGLISH.departments)
"""Words that many files hold, which people add to what they seek."""
