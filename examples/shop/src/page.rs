//! The pages in HTML, Japanese and English side by side.
//!
//! Text from the database is escaped. The one exception is [`search`]: it echoes the query as it came, which is the
//! cross-site-scripting hole.

use crate::catalogue::PRODUCTS;
use crate::database::{CUSTOMERS, Listing};
use crate::files::PUBLIC_FILES;

/// The style sheet of every page.
pub(crate) const CSS: &str = include_str!("shop.css");

const FEATURED: usize = 6;

/// `text` with the characters that mean something in HTML replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

fn layout(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | 関所商店 Sekisho Shop</title>
<link rel="stylesheet" href="/static/shop.css">
</head>
<body>
<header>
<a class="name" href="/">関所商店 <span lang="en">Sekisho Shop</span></a>
<nav>
<a href="/about">店について <span lang="en">About</span></a>
<a href="/downloads">資料 <span lang="en">Downloads</span></a>
<a href="/login">ログイン <span lang="en">Log in</span></a>
</nav>
<form action="/search" method="get">
<label>さがす <span lang="en">Search</span> <input type="search" name="q"></label>
<button>検索</button>
</form>
</header>
<main>
{body}
</main>
<footer>見本の店です。売りものはありません。 <span lang="en">A sample shop, vulnerable on purpose.</span></footer>
</body>
</html>
"#
    )
}

fn item(id: &str, title: &str, note: &str, price_yen: &str) -> String {
    format!(
        "<li><a href=\"/product?id={}\">{}</a> <small>{}</small> <b>¥{}</b></li>\n",
        escape(id),
        escape(title),
        escape(note),
        escape(price_yen),
    )
}

/// The front page with the first few products.
pub(crate) fn home() -> String {
    let items: String = PRODUCTS[..FEATURED]
        .iter()
        .map(|product| item(&product.id.to_string(), product.title, product.note, &product.price_yen.to_string()))
        .collect();
    let body = format!(
        "<h1>ようこそ <span lang=\"en\">Welcome</span></h1>\n\
         <p>本と雑貨 {} 点。 <span lang=\"en\">Books and small things.</span></p>\n<ul class=\"goods\">\n{items}</ul>",
        PRODUCTS.len()
    );
    layout("ホーム Home", &body)
}

/// What the shop says about itself.
pub(crate) fn about() -> String {
    layout(
        "店について About",
        "<h1>店について <span lang=\"en\">About us</span></h1>\n\
         <p>旧街道の関所のとなりで、旅の本と道具をあきなっています。</p>\n\
         <p lang=\"en\">Beside the old checkpoint on the highway we sell books and things for travellers.</p>",
    )
}

/// What the search found. Echoes `query` raw on purpose.
pub(crate) fn search(query: &str, found: &[Listing]) -> String {
    let items: String = found.iter().map(|row| item(&row.id, &row.title, &row.note, &row.price_yen)).collect();
    let body = format!(
        "<h1>検索結果 <span lang=\"en\">Results</span></h1>\n<p class=\"asked\">「{query}」 {} 件</p>\n\
         <ul class=\"goods\">\n{items}</ul>",
        found.len()
    );
    layout("検索 Search", &body)
}

/// The search before anything was asked.
pub(crate) fn empty_search() -> String {
    layout("検索 Search", "<h1>何をさがしますか <span lang=\"en\">What are you looking for?</span></h1>")
}

/// One product.
pub(crate) fn product(row: &Listing) -> String {
    let body = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p class=\"price\">¥{} <span lang=\"en\">incl. tax</span></p>\n\
         <p>お支払いはログインのうえ <span lang=\"en\">Log in to pay</span></p>",
        escape(&row.title),
        escape(&row.note),
        escape(&row.price_yen),
    );
    layout(&escape(&row.title), &body)
}

/// The login form, with a line of complaint after a failed try.
pub(crate) fn login(complaint: &str) -> String {
    let body = format!(
        r#"<h1>ログイン <span lang="en">Log in</span></h1>
<p class="complaint">{complaint}</p>
<form action="/login" method="post">
<label>お名前 <span lang="en">Name</span> <input name="name" value="guest" autocomplete="username"></label>
<label>合言葉 <span lang="en">Password</span> <input name="password" type="password" value="guest"></label>
<button>入る</button>
</form>"#
    );
    layout("ログイン Log in", &body)
}

/// The page a customer sees after logging in.
pub(crate) fn account(name: &str) -> String {
    let name = escape(name);
    layout("会員 Account", &format!("<h1>{name} さま <span lang=\"en\">Welcome back, {name}</span></h1>"))
}

/// The customer list, for the administrator only.
pub(crate) fn admin() -> String {
    let rows: String = CUSTOMERS
        .iter()
        .map(|customer| format!("<tr><td>{}</td><td>{}</td></tr>\n", customer.name, customer.email))
        .collect();
    layout("管理 Admin", &format!("<h1>顧客一覧 <span lang=\"en\">Customers</span></h1>\n<table>\n{rows}</table>"))
}

/// The files a customer may download.
pub(crate) fn downloads() -> String {
    let items: String =
        PUBLIC_FILES.iter().map(|name| format!("<li><a href=\"/download?file={name}\">{name}</a></li>\n")).collect();
    layout("資料 Downloads", &format!("<h1>資料 <span lang=\"en\">Downloads</span></h1>\n<ul>\n{items}</ul>"))
}

/// A refusal or a failure; `detail` is escaped here.
pub(crate) fn failure(title: &str, detail: &str) -> String {
    layout(title, &format!("<h1>{title}</h1>\n<p class=\"complaint\">{}</p>", escape(detail)))
}

#[cfg(test)]
mod tests {
    use super::{escape, search};

    #[test]
    fn escape_leaves_no_markup() {
        assert_eq!(escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    }

    #[test]
    fn the_search_page_echoes_markup() {
        assert!(search("<img src=x>", &[]).contains("<img src=x>"));
    }
}
