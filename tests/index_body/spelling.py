"""What people type otherwise than it is written, and where it is found.

The fixture `index` is an empty one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument, names, put
from worker.index.search_index import SearchIndex, Tier
from worker.models.page import Page, TextSource


@pytest.mark.parametrize(
    ("text", "query"),
    [
        # Old, new and other forms of kanji, and kinds of company.
        ("渡邊と髙橋と山﨑", "渡辺"),
        ("渡辺の印", "渡邉"),
        ("東京灣と澁谷", "東京湾"),
        ("㈱山田商店", "株式会社山田商店"),
        ("株式会社山田商店", "(株)山田商店"),
        # Okurigana and inflection.
        ("申し込み書を出す", "申込書"),
        ("申込みの方法", "申し込み"),
        ("取扱説明書", "取り扱い説明書"),
        ("関係者以外立入禁止の区域", "立ち入り禁止"),
        ("関係者以外立ち入り禁止の区域", "立入禁止"),
        ("関係者以外立入り禁止の区域", "立ち入り禁止"),
        ("取扱説明書を添付", "取り扱い説明書"),
        ("取り扱い説明書を添付", "取扱説明書"),
        ("貸出票の記入", "貸し出し票"),
        ("貸し出し票の記入", "貸出票"),
        ("打合せ議事録を配布", "打ち合わせ議事録"),
        ("打ち合わせ議事録を配布", "打合せ議事録"),
        ("打合議事録を配布", "打ち合わせ議事録"),
        ("申込期限は月末", "申し込み期限"),
        ("申し込み期限は月末", "申込期限"),
        ("引渡日の変更", "引き渡し日"),
        ("引き渡し日の変更", "引渡日"),
        ("振込手数料の負担", "振り込み手数料"),
        ("振り込み手数料の負担", "振込手数料"),
        ("本を読みました", "読む"),
        ("請求書を送付した", "請求書の送付"),
        # Dates, numbers and codes.
        ("令和6年5月31日までに", "2024/5/31"),
        ("R6.5.31 付", "2024年5月31日"),
        ("2024-05-31 付", "31 May 2024"),
        ("2024年5月31日", "2024年5月"),
        ("金額は1,280,000円", "128万円"),
        ("金額は１２８万円", "1280000"),
        ("電話 03-3201-5544", "0332015544"),
        ("+81 3 3201 5544", "03-3201-5544"),
        ("〒100-0005 東京都", "1000005"),
        ("1638001 東京都", "〒163-8001"),
        ("型番 XR-9283 の在庫", "XR9283"),
        ("令和6年3月8日に発生", "3/8"),
        ("売上高 4億5千万円", "4.5億円"),
        # Questions.
        ("パスワードを忘れたときは窓口へ", "パスワードを忘れたときはどうすればいい"),
        ("田中 日報", "田中さんの日報"),
        # Katakana.
        ("サーバーの更新", "サーバ"),
        ("コンピュータ室", "コンピューター"),
        ("バイオリン教室", "ヴァイオリン"),
        ("ｻｰﾊﾞｰ室", "サーバー"),
        ("霞ヶ関ビル", "霞が関"),
        # English forms, accents and names.
        ("The reports were sent", "report"),
        ("reporting line", "reports"),
        ("the résumé of a naïve man", "resume naive"),
        ("It's the company’s policy", "company's policy"),
    ],
)
def test_another_form_is_all_of_it(
    index: SearchIndex, make_document: MakeDocument, text: str, query: str
) -> None:
    put(index, make_document("a.pdf", text), make_document("b.pdf", "全く無関係 nothing of that"))
    result = index.search(query)
    assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.ALL)
    assert "[[" in result.hits[0].snippet


@pytest.mark.parametrize("query", ['"立ち入り禁止"', '"立入り禁止"'])
def test_okurigana_counts_in_quotes(index: SearchIndex, make_document: MakeDocument, query: str) -> None:
    put(index, make_document("a.pdf", "関係者以外立入禁止"), make_document("b.pdf", query.strip('"')))
    assert names(index, query) == ["b.pdf"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("非常用自家発電機の点検", "非常用自下発電機"),
        ("非常用自家発電機の点検", "非常用家自発電機"),
        ("非常用自家発電機の点検", "非常用家発電機"),
        ("非常用自家発電機の点検", "非常用自家家発電機"),
        ("quarterly maintenance", "maintanance"),
        ("quarterly maintenance", "quartelry"),
        ("渡辺の印", "わたなべ"),
        ("営業部の報告", "えいぎょう"),
        # Written as two words, the beginning of a word or number, the kind of company at the other end.
        ("write an e-mail", "email"),
        ("PrinterSetupGuide", "printersetup"),
        ("No. INV-2024-0315", "INV-2024-03"),
        ("㈱青葉運輸を訪問", "青葉運輸株式会社"),
    ],
)
def test_a_slip_comes_near(index: SearchIndex, make_document: MakeDocument, text: str, query: str) -> None:
    put(index, make_document("a.pdf", text), make_document("b.pdf", "全く無関係 nothing of that"))
    result = index.search(query)
    assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.NEAR)
    assert "[[" in result.hits[0].snippet


def test_two_characters_are_not_near_a_run_of_four(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "東京の天気"), make_document("b.pdf", "都庁に勤める"))
    result = index.search("東京都庁")
    assert not result.total or result.tier is Tier.MOST


def test_a_slip_in_a_long_run_comes_near(index: SearchIndex, make_document: MakeDocument) -> None:
    run = "".join(chr(0x5000 + 7 * number) for number in range(20))
    put(index, make_document("a.pdf", f"前{run}後"))
    for typed in (f"{run[:9]}誤{run[10:]}", f"{run[:9]}{run[10:]}", f"{run[:9]}誤{run[9:]}"):
        result = index.search(typed)
        assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.NEAR)


def test_what_was_meant_is_suggested(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "非常用自家発電機の点検と maintenance"))
    assert index.search("非常用自下発電機 maintanance").suggestion == "非常用自家発電機 maintenance"
    assert index.search("非常用自家発電機").suggestion == ""
    (suggested,) = {index.search('"点検" maintanance -draft type:pdf').suggestion}
    assert suggested == '"点検" maintenance -draft type:pdf'


@pytest.mark.parametrize(
    ("text", "query"), [("口座の力ード", "カード"), ("エ程表と未定", "工程表"), ("lnvoice 0rder", "invoice")]
)
def test_what_ocr_took_for_another_comes_near_on_its_pages_only(
    index: SearchIndex, make_document: MakeDocument, text: str, query: str
) -> None:
    document = make_document("a.pdf", text)
    read = replace(document, pages=(Page(number=1, text=text, source=TextSource.OCR),))
    put(index, read, make_document("b.pdf", f"{text} written so"))
    result = index.search(query)
    assert "a.pdf" in [hit.file_name for hit in result.hits]
    assert result.tier is Tier.NEAR
    if len(query) == 3 and not query.isascii():
        assert "[[" in result.hits[0].snippet


@pytest.mark.parametrize("query", ["annual report", "AnnualReport2024", "annual report 2024", "report v2"])
def test_the_words_of_a_file_name_are_found(
    index: SearchIndex, make_document: MakeDocument, query: str
) -> None:
    put(index, make_document("x/AnnualReport2024_v2.pdf", "text"), make_document("x/Budget2024.pdf", "text"))
    assert names(index, query)[0] == "AnnualReport2024_v2.pdf"


def test_a_word_comes_before_its_characters_within_another(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        *[make_document(f"tokyo{number}.pdf", "東京都の条例、東京都の条例") for number in range(4)],
        make_document("kyoto.pdf", "京都の庭園を訪ねて歩く小さな旅の記録"),
        *[make_document(f"{number}.pdf", "全く別の話") for number in range(8)],
    )
    assert names(index, "京都")[0] == "kyoto.pdf"


def test_a_file_of_that_very_name_comes_first(index: SearchIndex, make_document: MakeDocument) -> None:
    put(
        index,
        *[make_document(f"{number}/報告書の写し.pdf", "報告書、報告書、報告書") for number in range(4)],
        make_document("z/報告書.pdf", "全く別の話"),
    )
    assert names(index, "報告書")[0] == "報告書.pdf"


def test_all_pages_that_match_are_named_best_first(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "契約がある" + "長い文" * 40, "表紙", "契約、契約、契約"))
    (hit,) = index.search("契約").hits
    assert hit.matching_pages == (3, 1)


def test_brackets_of_a_text_are_no_marks(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "see [[note]] on the contract"))
    (hit,) = index.search("contract").hits
    assert hit.snippet.count("[[") == 1
    assert "[[contract]]" in hit.snippet


def test_a_word_that_is_nowhere_as_typed_is_asked_about_though_its_stem_was_found(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("a.pdf", "documents that users convert"),
        make_document("b.pdf", "the conversion of a document"),
    )
    result = index.search("document convertion")
    assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.ALL)
    assert result.suggestion == "document conversion"
    for query in ("document conversion", "document converted", "document convert", '"convertion"'):
        assert index.search(query).suggestion == ""
