//! The shop counter: one request in, one page out.
//!
//! Takes a request whose body is already read and bounded, asks the books, the files or the logins, and builds the
//! answer. Blocks on SQLite and on small files, so the server calls it off its event loop.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;

use crate::database::Books;
use crate::files::Sandbox;
use crate::login::{COOKIE, Logins};
use crate::luhn::is_luhn_valid;
use crate::page;

/// A request with its whole body.
pub(crate) type Visit = Request<Bytes>;
/// An answer with its whole body.
pub(crate) type Answer = Response<Full<Bytes>>;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Everything the shop keeps between requests.
#[derive(Debug)]
pub(crate) struct Counter {
    books: Mutex<Books>,
    files: Sandbox,
    logins: Mutex<Logins>,
}

/// The body of `POST /api/pay`.
#[derive(Debug, Deserialize)]
struct Payment {
    product: u32,
    quantity: u32,
    card: Card,
}

#[derive(Debug, Deserialize)]
struct Card {
    number: String,
}

impl Counter {
    pub(crate) fn new(books: Books, files: Sandbox) -> Self {
        Self { books: Mutex::new(books), files, logins: Mutex::default() }
    }

    /// Answers one request.
    pub(crate) fn serve(&self, visit: &Visit) -> Answer {
        let get = matches!(*visit.method(), Method::GET | Method::HEAD);
        match visit.uri().path() {
            "/" if get => html(page::home()),
            "/about" if get => html(page::about()),
            "/downloads" if get => html(page::downloads()),
            "/login" if get => html(page::login("")),
            "/static/shop.css" if get => answer(StatusCode::OK, "text/css; charset=utf-8", page::CSS),
            "/robots.txt" if get => answer(StatusCode::OK, TEXT, "User-agent: *\nDisallow: /admin\n"),
            "/search" if get => self.search(&argument(visit, "q")),
            "/product" if get => self.product(&argument(visit, "id")),
            "/download" if get => self.download(&argument(visit, "file")),
            "/account" if get => self.account(visit),
            "/admin" if get => self.admin(visit),
            "/login" if visit.method() == Method::POST => self.log_in(visit.body()),
            "/api/pay" if visit.method() == Method::POST => self.pay(visit),
            _ => failure(StatusCode::NOT_FOUND, "見つかりません Not found", ""),
        }
    }

    fn search(&self, query: &str) -> Answer {
        if query.is_empty() {
            return html(page::empty_search());
        }
        match lock(&self.books).search(query) {
            Ok(found) => html(page::search(query, &found)),
            Err(error) => database_failure(&error),
        }
    }

    fn product(&self, id: &str) -> Answer {
        match lock(&self.books).product(id) {
            Ok(Some(row)) => html(page::product(&row)),
            Ok(None) => failure(StatusCode::NOT_FOUND, "品切れ No such product", ""),
            Err(error) => database_failure(&error),
        }
    }

    fn download(&self, name: &str) -> Answer {
        match self.files.read(name) {
            Some(bytes) => answer(StatusCode::OK, TEXT, bytes),
            None => failure(StatusCode::NOT_FOUND, "ありません No such file", ""),
        }
    }

    fn log_in(&self, body: &[u8]) -> Answer {
        let found = lock(&self.books).log_in(&field(body, "name"), &field(body, "password"));
        let name = match found {
            Ok(Some(name)) => name,
            Ok(None) => {
                let page = page::login("お名前か合言葉がちがいます Wrong name or password");
                return answer(StatusCode::UNAUTHORIZED, HTML, page);
            }
            Err(error) => return database_failure(&error),
        };
        let token = lock(&self.logins).open(name);
        let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax");
        let mut answer = answer(StatusCode::SEE_OTHER, HTML, "");
        let headers = answer.headers_mut();
        headers.insert(header::LOCATION, HeaderValue::from_static("/account"));
        headers.insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).expect("a token is hexadecimal"));
        answer
    }

    fn account(&self, visit: &Visit) -> Answer {
        match self.customer(visit) {
            Some(name) => html(page::account(&name)),
            None => answer(StatusCode::UNAUTHORIZED, HTML, page::login("")),
        }
    }

    fn admin(&self, visit: &Visit) -> Answer {
        match self.customer(visit).as_deref() {
            Some("admin") => html(page::admin()),
            _ => answer(StatusCode::UNAUTHORIZED, HTML, page::login("管理者のみ Administrators only")),
        }
    }

    fn pay(&self, visit: &Visit) -> Answer {
        if self.customer(visit).is_none() {
            return refuse_payment(StatusCode::UNAUTHORIZED, "log in first");
        }
        let Ok(payment) = serde_json::from_slice::<Payment>(visit.body()) else {
            return refuse_payment(StatusCode::BAD_REQUEST, "not a payment");
        };
        if !is_luhn_valid(&payment.card.number) {
            return refuse_payment(StatusCode::UNPROCESSABLE_ENTITY, "not a card number");
        }
        let price_yen = match lock(&self.books).price_yen(payment.product) {
            Ok(Some(price_yen)) => price_yen,
            Ok(None) => return refuse_payment(StatusCode::UNPROCESSABLE_ENTITY, "no such product"),
            Err(error) => return database_failure(&error),
        };
        let amount_yen = u64::from(price_yen) * u64::from(payment.quantity);
        let receipt = serde_json::json!({ "status": "paid", "product": payment.product, "amount_yen": amount_yen });
        answer(StatusCode::OK, JSON, receipt.to_string())
    }

    fn customer(&self, visit: &Visit) -> Option<String> {
        let cookies = visit.headers().get(header::COOKIE)?.to_str().ok()?;
        lock(&self.logins).name(cookies).map(str::to_owned)
    }
}

/// A panic while holding the lock would poison it; the shop's state is whole between statements, so it goes on.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn argument(visit: &Visit, name: &str) -> String {
    field(visit.uri().query().unwrap_or_default().as_bytes(), name)
}

/// The first field of that name in a form or a query string, decoded; empty when missing.
fn field(form: &[u8], name: &str) -> String {
    form_urlencoded::parse(form).find_map(|(key, value)| (key == name).then(|| value.into_owned())).unwrap_or_default()
}

fn html(page: String) -> Answer {
    answer(StatusCode::OK, HTML, page)
}

fn failure(status: StatusCode, title: &str, detail: &str) -> Answer {
    answer(status, HTML, page::failure(title, detail))
}

/// Tells the visitor what SQLite said: the leak that error-based scanners look for.
fn database_failure(error: &rusqlite::Error) -> Answer {
    let code = error.sqlite_error().map_or(1, |failure| failure.extended_code & 0xff);
    failure(StatusCode::INTERNAL_SERVER_ERROR, "故障中 Out of order", &format!("SQLite error {code}: {error}"))
}

fn refuse_payment(status: StatusCode, reason: &str) -> Answer {
    answer(status, JSON, serde_json::json!({ "status": "refused", "reason": reason }).to_string())
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
