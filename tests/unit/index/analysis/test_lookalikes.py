"""What OCR confuses, in one shape; common words stay apart."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.lookalikes import CLASSES, lookalikes, pattern, shape

pytestmark = pytest.mark.unit

COMMON_WORDS = """
営業 報告 会社 契約 書類 請求 見積 注文 納品 支払 入金 出金 売上 利益 経費 予算 決算 会議 議事
資料 計画 実績 成績 面積 人事 採用 給与 勤務 休暇 残業 出張 旅費 家族 研修 評価 面接 新人 新入
入社 社員 社長 部長 課長 担当 住所 氏名 電話 番号 日付 年月 月末 未定 期末 週末 未払 土地 国土
武士 工場 工事 作業 製品 部品 在庫 発送 運輸 車輪 保険 検査 点検 実験 確認 承認 通知 連絡 依頼
回答 質問 時間 期間 午前 午後 牛肉 鳥類 治療 冶金 原因 困難 氷河 永久 徴収 微小 名簿 薄型 秘密
蜂蜜 派遣 遺産 幸福 辛口 障壁 貨幣 弊社 便宜 宣伝 考慮 孝行 旅行 民族 惜敗 借入 失敗 弓矢 免許
今回 命令 代金 伐採 折衝 分析 何件 伺書 側面 測定 複写 復旧 教師 元帥 貸出 通貨 責任 貴社 衰退
悲哀 自慢 漫画 勧告 観光 大型 太陽 全体 金額 合計 会計 本日 目的 右側 石油 白紙 自分 名前 各自
若手 苦情 科目 料金 カタログ メール ファイル サーバ ソフト システム ツール シール プリンタ ソース
ランプ リスト レンタル コピー ロット エネルギー ニュース ミーティング チーム トナー タスク ハード
カード オフィス ヘルプ ベルト ペン ソン パン report invoice order total payment contract number
date office sales company mail fail fall mall bill ball list last lost modern model form from firm
file fill in on of to too all also alone inn inner item term team time line lie ill
"""


@pytest.mark.parametrize(
    ("written", "misread"),
    [
        ("カタログ", "力夕口グ"),
        ("エネルギー", "工ネルギ一"),
        ("二ユース", "ニュース"),
        ("期末", "期未"),
        ("時間", "時問"),
        ("運輸", "運輪"),
        ("オフィス", "才フイス"),
        ("サーバー", "サ-バ一"),
        ("Invoice", "lnvoice"),
        ("total", "tota1"),
        ("Order 100", "0rder lOO"),
        ("modern firm", "modem firrn"),
        ("was", "vvas"),
    ],
)
def test_a_misread_word_has_the_shape_of_the_word(written: str, misread: str) -> None:
    written, misread = fold_text(written), fold_text(misread)
    assert written != misread
    assert list(lookalikes(written)) == list(lookalikes(misread))
    assert pattern(written).search(f"x {misread} x")


def test_no_class_merges_two_common_words() -> None:
    words = sorted({fold_text(word) for word in COMMON_WORDS.split()})
    shapes: dict[str, list[str]] = {}
    for word in words:
        shapes.setdefault(shape(word), []).append(word)
    assert [merged for merged in shapes.values() if len(merged) > 1] == []


def test_a_character_is_in_one_class_and_left_by_folding() -> None:
    members = [char for group in CLASSES for char in group]
    assert len(members) == len(set(members))
    assert [char for char in members if fold_text(f"国{char}国")[1:-1] != char] == []
