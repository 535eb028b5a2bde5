//! The scripted legitimate session: everything an honest customer does, with what must come back.
//!
//! All of it must pass any checkpoint, every title of the catalogue included. The chapters are public on their own so
//! that the demo can share them out among customers; [`whole`] is all of them in order for one visitor.

use serde_json::json;

use crate::catalogue::{PRODUCTS, Product};
use crate::database::{CUSTOMERS, Customer};
use crate::files::PUBLIC_FILES;
use crate::loopback::Loopback;
use crate::page::escape;
use crate::request::{Expect, Request, Step};

/// A card number of the card companies' test range; its check digit is right.
pub const TEST_CARD: &str = "4242424242424242";

fn step(title: impl Into<String>, request: Request, status: u16, text: impl Into<String>) -> Step {
    Step { title: title.into(), request, expect: Expect::Passes { status, text: text.into() } }
}

/// The whole session for one visitor.
#[must_use]
pub fn whole(base: Loopback) -> Vec<Step> {
    let mut steps = browse(base);
    steps.extend(search(base, PRODUCTS));
    steps.extend(log_in(base, customer("hanako")));
    steps.extend(pay(base));
    steps.extend(download(base));
    steps
}

/// Opens the front page, its style sheet, the static pages and every product page.
#[must_use]
pub fn browse(base: Loopback) -> Vec<Step> {
    let mut steps = vec![
        step("opens the front page", Request::page(base, "/"), 200, "関所商店"),
        step("fetches the style sheet", Request::page(base, "/static/shop.css"), 200, "--seal"),
        step("reads about the shop", Request::page(base, "/about"), 200, "旧街道"),
        step("looks for downloads", Request::page(base, "/downloads"), 200, PUBLIC_FILES[0]),
    ];
    for product in PRODUCTS {
        let request = Request::query(base, "/product", "id", &product.id.to_string());
        steps.push(step(format!("looks at {:?}", product.title), request, 200, escape(product.title)));
    }
    steps
}

/// Searches every one of `products` by its full title and finds it.
#[must_use]
pub fn search(base: Loopback, products: &[Product]) -> Vec<Step> {
    let search = |product: &Product| {
        let request = Request::query(base, "/search", "q", product.title);
        let link = format!("<a href=\"/product?id={}\">", product.id);
        step(format!("searches for {:?}", product.title), request, 200, link)
    };
    products.iter().map(search).collect()
}

/// Misspells the password once, then logs in and opens the account page.
#[must_use]
pub fn log_in(base: Loopback, customer: &Customer) -> Vec<Step> {
    let form = |password| Request::form(base, "/login", &[("name", customer.name), ("password", password)]);
    vec![
        step("opens the login form", Request::page(base, "/login"), 200, "合言葉"),
        step("misspells the password", form("Sakura 2026!"), 401, "Wrong name or password"),
        step("logs in", form(customer.password), 303, ""),
        step("opens the account", Request::page(base, "/account"), 200, customer.name),
    ]
}

/// Pays three orders with a test card; needs a login before.
#[must_use]
pub fn pay(base: Loopback) -> Vec<Step> {
    let pay = |product: &Product, quantity: u32| {
        let document = json!({
            "product": product.id,
            "quantity": quantity,
            "name": "山田 花子",
            "address": "〒605-0001 京都市東山区 三条通 1-2",
            "message": format!("「{}」を贈り物に。Please wrap it; thank you!", product.title),
            "card": { "number": TEST_CARD, "expiry": "12/30", "cvc": "123" },
        });
        let paid = format!("\"amount_yen\":{}", product.price_yen * quantity);
        step(format!("pays for {:?}", product.title), Request::json(base, "/api/pay", &document), 200, paid)
    };
    vec![pay(&PRODUCTS[0], 1), pay(&PRODUCTS[2], 2), pay(&PRODUCTS[4], 1)]
}

/// Downloads every public file.
#[must_use]
pub fn download(base: Loopback) -> Vec<Step> {
    let texts = ["Sekisho shop catalogue", "特定商取引法", "furoshiki"];
    let download = |(name, text): (&&str, &str)| {
        step(format!("downloads {name}"), Request::query(base, "/download", "file", name), 200, text)
    };
    PUBLIC_FILES.iter().zip(texts).map(download).collect()
}

/// The customer of that login name.
///
/// # Panics
///
/// When [`CUSTOMERS`] holds no such name.
#[must_use]
pub fn customer(name: &str) -> &'static Customer {
    CUSTOMERS.iter().find(|customer| customer.name == name).expect("the script names customers of the table")
}
