"""The text of the sample documents: fictional companies, people and figures.

A document is a tuple of pages; the first line of a page is its heading.
"""

from __future__ import annotations

SALES_REPORT = (
    """営業報告書
株式会社あおば商事　第三営業部　令和六年四月一日から令和七年三月三十一日まで
本報告書は、当期における営業活動の結果と、次期に向けた課題をまとめたものである。
当期の売上高は四億八千二百万円となり、前期に比べて12.4％の増加となった。新規の取引先は三十七社であり、\
そのうち二十一社は展示会での商談から始まったものである。
既存の取引先については、年間契約への切り替えを進めた結果、解約率は2.1％まで低下した。
主な要因は、納期の短縮、見積書の回答時間の改善、および保守契約の見直しの三点である。""",
    """地域別の実績
地域　売上高（百万円）　前期比
北海道　58.2　108％
東北　41.7　103％
関東　196.4　116％
中部　87.9　112％
近畿　97.8　109％
関東では大口の注文が二件あり、全体の伸びを支えた。東北では物流の遅れのため、第二四半期の出荷が\
計画を下回ったが、第四四半期には回復している。
顧客訪問の件数は延べ1,284件で、そのうち38％はオンライン会議で行った。""",
    """今後の課題
次期の重点は次の三つとする。
一、見積書の作成を自動化し、回答までの時間を二営業日以内とする。
二、倉庫の在庫情報を毎朝更新し、欠品による失注を半分に減らす。
三、若手の営業担当者に対する研修を四半期ごとに行う。
売上目標は五億三千万円とし、そのうち新規の取引先から六千万円を見込む。
報告者　第三営業部長　佐藤健一""",
)

TECHNICAL_SPECIFICATION = (
    """技術仕様書
製品名　自動仕分け装置　型式　SRT-4200　文書番号　TS-2025-017
一、適用範囲
本仕様書は、物流センターで使用する自動仕分け装置の構造、性能、および試験の方法について定める。
二、主要な性能
処理能力は毎時4,200個以上とする。搬送する荷物の最大質量は30kgとし、最大寸法は縦600mm、\
横400mm、高さ400mmとする。位置決めの精度は±2mm以内とする。
三、電源
三相交流200V、周波数50Hzまたは60Hzとし、消費電力は5.5kW以下とする。""",
    """試験および検査
四、耐久試験
連続運転を720時間行い、仕分けの誤りが0.01％を超えないことを確認する。
五、環境条件
周囲温度は0℃から40℃まで、相対湿度は85％以下とし、結露がないこと。
六、安全装置
非常停止ボタンを四か所に設け、押されてから0.5秒以内に搬送を停止すること。
光学センサーが人の立ち入りを検知した場合は、直ちに減速し、警報を鳴らすこと。
七、通信
上位の管理システムとはEthernetで接続し、仕分けの結果を一秒以内に通知する。""",
)

SERVICE_AGREEMENT = (
    """Service Agreement
This Service Agreement is made between Northwind Harbor Ltd. and Maple Bridge Consulting Inc.
1. Scope of Services. The Consultant shall review the warehouse software of the Client, propose \
improvements in writing, and train the staff of the Client at two locations.
2. Term. This Agreement begins on the first day of April 2025 and ends after twelve months, unless \
it is ended earlier under Section 7.
3. Fees. The Client shall pay a monthly fee of 4,500 dollars within thirty days of each invoice.""",
    """Confidentiality and Ownership
4. Confidentiality. Each party shall keep the other party's information secret, and shall use it only \
for the purposes of this Agreement. This duty continues for five years after the end of the term.
5. Ownership. Reports and drawings made under this Agreement belong to the Client once they are \
paid for. Tools which the Consultant owned before remain the property of the Consultant.
6. Warranty. The Consultant shall perform the services with the care of an experienced professional \
and shall correct any defect that is reported within ninety days.""",
    """Termination and General Terms
7. Termination. Either party may end this Agreement with sixty days of written notice, or at once if \
the other party breaks an important duty and does not cure the breach within fourteen days.
8. Liability. Neither party is liable for indirect damages. Total liability is limited to the fees \
paid during the last twelve months.
9. Governing Law. This Agreement is governed by the laws of Japan, and the Tokyo District Court has \
exclusive jurisdiction.
Signed on behalf of the parties by Emily Carter and Hiroshi Tanaka.""",
)

PERSONNEL_REVIEW = (
    """人事評価表
社外秘　この文書は暗号化されています。
氏名　高橋一郎　所属　品質管理課　評価期間　令和六年度下期
総合評価　A　昇給の対象とする。""",
)

CONTRACT_TITLE = "業務委託契約書"
CONTRACT_PARAGRAPHS = (
    "株式会社みなと物産（以下「甲」という。）と合同会社ひかり設計（以下「乙」という。）は、次のとおり業務委託契約を締結する。",
    "第一条　甲は、倉庫管理システムの設計および運用支援の業務を乙に委託し、乙はこれを受託する。",
    "第二条　委託の期間は、令和七年四月一日から令和八年三月三十一日までとする。",
    "第三条　甲は、乙に対し、別表に定める委託料を、毎月末日までに乙の指定する口座に振り込む。",
    "第四条　乙は、業務上知り得た甲の秘密を第三者に開示してはならない。契約の終了後も同様とする。",
    "第五条　本契約に関する紛争については、東京地方裁判所を第一審の専属的合意管轄裁判所とする。",
)
CONTRACT_TABLE = (
    ("業務の内容", "数量", "委託料（税抜）"),
    ("基本設計", "一式", "1,200,000円"),
    ("詳細設計", "一式", "1,850,000円"),
    ("運用支援", "十二か月", "3,600,000円"),
)

MINUTES = """定例会議　議事録
日時　令和七年五月十四日　午前十時から十一時三十分まで
場所　本社第二会議室
出席者　山本、鈴木、伊藤、渡辺

議題一　新しい倉庫への移転について
移転の日程は七月十九日と二十日に決定した。電話回線の工事は前日までに終える。
議題二　文書管理システムの導入について
紙の書類を順に電子化し、十月から検索できるようにする。担当は伊藤とする。
議題三　避難訓練について
六月三日の午後二時から、全員参加で実施する。

次回の会議は六月十一日の午前十時からとする。
"""

INVOICE_HEAD = (
    "請求書",
    "請求番号　INV-2025-0342",
    "発行日　2025年6月30日",
    "株式会社みなと物産　御中",
    "下記のとおりご請求申し上げます。",
    "ご請求金額　￥543,400（税込）",
)
INVOICE_TABLE = (
    ("品名", "数量", "単価", "金額"),
    ("保管用パレット", "120", "2,800", "336,000"),
    ("梱包用フィルム", "40", "1,950", "78,000"),
    ("配送料", "1", "80,000", "80,000"),
    ("小計", "", "", "494,000"),
    ("消費税（10％）", "", "", "49,400"),
    ("合計", "", "", "543,400"),
)
INVOICE_FOOT = (
    "お支払期限　2025年7月31日",
    "振込先　あおば銀行　中央支店　普通　1234567",
    "株式会社あおば商事　東京都千代田区丸の内9-9-9",
)

SIGN = ("安全第一", "工事中につき立入禁止", "作業時間　8:00から17:00", "現場責任者　中村")

DRAWING_TITLE_BLOCK = (
    ("図面名称", "取付ブラケット"),
    ("図面番号", "DWG-1058-A"),
    ("材質", "SS400"),
    ("尺度", "1:2"),
    ("製図", "小林"),
)
DRAWING_DIMENSIONS = ("240", "160", "4-φ18", "R20")

LETTERS = (
    """Shipment Delay Notice
Blue Heron Trading Co.
12 Wharf Road, Yokohama
Dear Mr. Watanabe,
We regret to inform you that shipment number 88417 will arrive six days late because of a storm in \
the Pacific. The container holds 340 boxes of ceramic tiles and is now expected on March 18.
Please let us know whether your customer can accept the new date.
Sincerely yours, Margaret Ellis""",
    """Reply to Shipment Delay
Dear Ms. Ellis,
Thank you for your letter. Our customer can accept the tiles on March 18, provided that at least \
120 boxes are delivered to the Kawasaki warehouse before noon.
Please also send the insurance certificate and a corrected packing list.
With best regards, Kenji Watanabe""",
    """Confirmation of Delivery
Dear Mr. Watanabe,
I confirm that 120 boxes will be unloaded first and brought to Kawasaki by truck at ten in the \
morning. The insurance certificate is number 5530219. The packing list follows by courier.
We are sorry for the trouble and offer a discount of three percent on your next order.
Sincerely yours, Margaret Ellis""",
)
