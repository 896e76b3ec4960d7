"""Names of people: in new and old kanji, and with their readings."""

from __future__ import annotations

from bench.search.tables.office_words import words

# New form, then old ones: both are in use for one and the same person.
SURNAMES = tuple(
    tuple(row.split("/"))
    for row in words(
        "高橋/髙橋 斎藤/齋藤 渡辺/渡邊/渡邉 宮沢/宮澤 国分/國分 浜田/濱田 広瀬/廣瀬 桜井/櫻井 小島/小嶋 "
        "山崎/山﨑 滝沢/瀧澤 中条/中條 会田/會田 真鍋/眞鍋 黒川/黑川 沢村/澤村 辺見/邊見 竜崎/龍崎 "
        "斉木/齊木 高嶋/髙嶋 栄田/榮田 関口/關口 亀井/龜井 与那/與那"
    )
)
GIVEN_NAMES = words("誠一郎 健二 美智子 由紀夫 直樹 和歌子 正太郎 久美 信吾 敬介 里佳子 文彦 宏之 千鶴 孝典")
# Given names that themselves have an old form.
GIVEN_PAIRS = tuple(
    tuple(row.split("/"))
    for row in words(
        "寿子/壽子 恵一/惠一 学志/學志 桜子/櫻子 実千代/實千代 徳次/德次 弥生子/彌生子 栄作/榮作"
    )
)
# Words of old papers.
WORD_PAIRS = tuple(
    tuple(row.split("/"))
    for row in words(
        "国語読本/國語讀本 鉄道旧図/鐵道舊圖 応接画額/應接畫額 芸術写真/藝術寫眞 医学会誌/醫學會誌"
    )
)

READ_SURNAMES = tuple(
    tuple(row.split("/"))
    for row in words(
        "宮本/みやもと 石川/いしかわ 前田/まえだ 長谷川/はせがわ 村上/むらかみ 青木/あおき 福田/ふくだ "
        "三浦/みうら 藤原/ふじわら 松田/まつだ 中川/なかがわ 原田/はらだ 小野/おの 竹内/たけうち "
        "金子/かねこ 和田/わだ 石田/いしだ 上田/うえだ 酒井/さかい 柴田/しばた"
    )
)
READ_GIVEN_NAMES = tuple(
    tuple(row.split("/"))
    for row in words(
        "恵子/けいこ 健一/けんいち 洋子/ようこ 明美/あけみ 弘/ひろし 茂/しげる 隆/たかし 和夫/かずお"
    )
)
READ_WORDS = tuple(
    tuple(row.split("/"))
    for row in words(
        "避難経路/ひなんけいろ 産業廃棄物/さんぎょうはいきぶつ 健康診断/けんこうしんだん "
        "慰安旅行/いあんりょこう 駐輪場/ちゅうりんじょう 就業規則/しゅうぎょうきそく "
        "消防設備/しょうぼうせつび 創立記念日/そうりつきねんび 賃貸物件/ちんたいぶっけん "
        "育児休業/いくじきゅうぎょう"
    )
)
