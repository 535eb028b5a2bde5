//! What the shop sells: the titles every honest visitor searches for.
//!
//! The table seeds the database and drives the scripted session. Many titles read like an attack to a careless
//! inspector; none of them is one. No title holds an ASCII tag: the search page echoes the query raw, so a tag would be
//! an injection whoever typed it, and Japanese print sets such titles in full-width brackets anyway.

/// One article of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The number in `/product?id=`, from 1.
    pub id: u32,
    /// The title as printed on the cover, Japanese or English.
    pub title: &'static str,
    /// One line about it in the other language.
    pub note: &'static str,
    /// Price in Japanese yen, tax included.
    pub price_yen: u32,
}

const fn product(id: u32, title: &'static str, note: &'static str, price_yen: u32) -> Product {
    Product { id, title, note, price_yen }
}

/// Everything on sale, by ascending id without gaps.
pub const PRODUCTS: &[Product] = &[
    product(1, "SQL 実践入門", "SQL in practice, a first book", 2_860),
    product(2, "cat", "ねこの写真集", 1_540),
    product(3, "UNION SELECT で学ぶデータベース", "Learning databases with UNION SELECT", 3_080),
    product(4, "Drop Table Lamp", "吊り下げ式テーブルランプ", 9_900),
    product(5, "O'Reilly's Select from Kyoto", "京都みやげ詰め合わせ", 4_320),
    product(6, "1 = 1: A Memoir", "ある数学者の回想", 1_980),
    product(7, "＜script＞ のない世界", "A world without scripts", 1_760),
    product(8, "雪国", "Snow Country, a novel", 572),
    product(9, "Select Coffee from Ethiopia & Order by Post", "エチオピア産コーヒー豆", 1_680),
    product(10, "Union Jack Cushion", "英国旗のクッション", 3_300),
    product(11, "髪を UPDATE する美容術", "Bring your hair up to date", 1_650),
    product(12, "Insert Coin into Slot", "レトロゲーム貯金箱", 2_480),
    product(13, "Delete from Memory: a Mystery", "記憶をめぐる推理小説", 990),
    product(14, "AND または OR ―論理学入門―", "AND or OR: an introduction to logic", 2_420),
    product(15, "The Order by Night", "夜の騎士団", 1_320),
    product(16, "Having Tea, Group by Group", "茶会のしおり", 1_100),
    product(17, "C++ & C# & F#: Which?", "三つの言語をくらべる", 3_520),
    product(18, "100% Cotton Tenugui -- Indigo", "藍染めの手ぬぐい", 1_210),
    product(19, "Rust; or, The Borrower's Tale", "借用者の物語", 3_960),
    product(20, "吾輩は猫である", "I Am a Cat, a novel", 781),
    product(21, "/etc のすべて", "All about /etc", 2_640),
    product(22, "root@home: Gardening for Beginners", "はじめての根菜づくり", 1_870),
    product(23, "Onload, Offload: Shipping by Sea", "海運の実務", 4_180),
    product(24, "Alert (Stay Awake!)", "眠気ざましのミントキャンディ", 432),
    product(25, "Eval: How We Grade Tea", "お茶の等級と鑑定", 2_090),
    product(26, "Image Source Book of Ukiyo-e", "浮世絵図版資料集", 6_600),
    product(27, "Admin: A Love Story", "管理職の恋", 880),
    product(28, "親フォルダ（..）の向こう側", "Beyond the parent folder", 1_430),
    product(29, "Cast Iron Kettle as Art", "南部鉄器の鉄びん", 15_400),
    product(30, "Sleep Well, Wait for the Delay", "遅延列車の夜", 1_166),
    product(31, "A < B ではない: 不等式の本", "Inequalities", 2_200),
    product(32, "50 > 49 Ways to Fold Paper", "折り紙五十番", 1_375),
    product(33, "\"Hello, World\" Mug", "プログラマのマグカップ", 1_800),
    product(34, "Exec Chair (Black)", "役員用いす・黒", 39_800),
    product(35, "null と none のあいだ", "Between null and none", 1_925),
    product(36, "Like a Rolling Stone %", "転がる石のように", 2_750),
    product(37, "Information Schema Theory", "情報スキーマ理論", 5_280),
    product(38, "What Is ${HOME}? Essays", "ふるさととは何か", 1_595),
    product(39, "http:// から始まる物語", "Stories that begin with http://", 1_485),
    product(40, "Between 9 and 5", "九時から五時まで", 1_188),
    product(41, "bash おじさんの料理帳", "Uncle Bash's cookbook", 1_716),
    product(42, "Case When You Travel: Luggage", "旅行かばん", 22_000),
    product(43, "If Exists, Then Love", "存在論と愛", 1_254),
    product(44, "Truncate the Hedge", "生け垣の刈り込み", 1_518),
    product(45, "抹茶（Matcha）; 煎茶（Sencha）", "Two teas from Uji", 2_160),
    product(46, "True or False? 1 or 0?", "二進数クイズ", 935),
    product(47, "Grant All Wishes to Public", "みんなの願いをかなえる本", 1_012),
    product(48, "こころ", "Kokoro, a novel", 407),
];

#[cfg(test)]
mod tests {
    use super::PRODUCTS;

    #[test]
    fn ids_count_up_from_one() {
        assert!(PRODUCTS.len() >= 40);
        assert!(PRODUCTS.iter().zip(1..).all(|(product, id)| product.id == id));
    }

    #[test]
    fn no_title_opens_an_html_tag() {
        for product in PRODUCTS {
            for (at, _) in product.title.match_indices('<') {
                let next = product.title[at + 1..].chars().next();
                assert_eq!(next, Some(' '), "{}", product.title);
            }
        }
    }
}
