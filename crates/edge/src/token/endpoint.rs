//! Where solutions are brought to, and new puzzles fetched from: a path of the edge's own, answered only while the rules in force
//! ask for tokens.
//!
//! The rules have been held against the request before it comes here, without asking it for a token: who is blocked or over a
//! rate gets no token either.

use std::net::IpAddr;

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, ORIGIN, SET_COOKIE};
use http::{HeaderValue, Method, Response, StatusCode, request};
use sekisho_model::Timestamp;

use super::cookie::{COOKIE, COOKIE_AGE_S, FIELD, Token};
use super::domain::{domain_for, host_of};
use super::interstitial::{host_field, private};
use super::keys::KeyRing;
use super::page::data_url;
use super::presented::of_cookies;
use super::proof::is_proof;
use super::random::{Dice, NoRandom};
use super::service::Tokens;
use super::task::{Kind, Task};
use super::words;
use crate::body::Source;
use crate::metrics::EdgeMetrics;

/// The path.
pub(crate) const ENDPOINT: &str = "/.well-known/sekisho/token";
/// Bytes that may be posted: a task, a number and an answer take less than 300.
pub(crate) const POSTED_BYTES_MAX: usize = 4096;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request for the endpoint.
pub(crate) struct Delivery<'a> {
    pub(crate) head: &'a request::Parts,
    /// Up to [`POSTED_BYTES_MAX`] of the body; none if it is larger.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) client: IpAddr,
    /// Whether the client speaks TLS, to us or to a trusted proxy.
    pub(crate) secure: bool,
    pub(crate) now: Timestamp,
    /// The policy's token domains.
    pub(crate) domains: &'a [String],
    pub(crate) metrics: &'a EdgeMetrics,
}

/// What came of a delivery; the page knows these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Solved(Kind),
    /// No such form, or a task that is not ours or for another host.
    Unreadable,
    /// From a page of another site.
    Foreign,
    Stale,
    Spent,
    Wrong,
    /// Too many failures.
    Later,
}

impl Outcome {
    const fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Solved(_) => (StatusCode::OK, "solved"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::Foreign => (StatusCode::FORBIDDEN, "foreign"),
            Self::Stale => (StatusCode::GONE, "stale"),
            Self::Spent => (StatusCode::CONFLICT, "spent"),
            Self::Wrong => (StatusCode::FORBIDDEN, "wrong"),
            Self::Later => (StatusCode::TOO_MANY_REQUESTS, "later"),
        }
    }
}

/// The form that is posted.
#[derive(Debug, Default)]
struct Form {
    task: String,
    number: Option<u32>,
    answer: String,
}

impl Tokens {
    /// Answers a request for the endpoint.
    pub(crate) fn answer(&self, delivery: &Delivery<'_>) -> Response<Source> {
        let host = host_field(delivery.head);
        let host = host_of(&host);
        let answered = match delivery.head.method {
            Method::POST => self.take(delivery, &host),
            Method::GET => self.give(delivery, &host),
            _ => {
                let mut response = json(StatusCode::METHOD_NOT_ALLOWED, "{}");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
                Ok(response)
            }
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(%error, "no token or puzzle can be given");
            json(StatusCode::INTERNAL_SERVER_ERROR, "{}")
        })
    }

    /// A new puzzle: in words if the query says so, else in a picture.
    fn give(&self, delivery: &Delivery<'_>, host: &str) -> Result<Response<Source>, NoRandom> {
        let keys = self.keys();
        let text = if delivery.head.uri.query() == Some("kind=words") {
            let question = words::ask(&mut Dice::new()?)?;
            let task = Task::give(Kind::Words, self.work_bits, &question.answer, host, delivery.now, &keys)?;
            format!("{{\"task\":\"{task}\",\"en\":\"{}\",\"ja\":\"{}\"}}", question.english, question.japanese)
        } else {
            let (task, picture) = self.picture(host, delivery.now, &keys)?;
            format!("{{\"task\":\"{task}\",\"picture\":\"{}\"}}", data_url(&picture.file))
        };
        Ok(json(StatusCode::OK, &text))
    }

    /// Takes a solution; if it is one, gives a token for it.
    fn take(&self, delivery: &Delivery<'_>, host: &str) -> Result<Response<Source>, NoRandom> {
        let keys = self.keys();
        let (outcome, kind) = self.judge(delivery, host, &keys);
        let (status, word) = outcome.told();
        delivery.metrics.solution(kind.map_or("unknown", kind_name), word);
        let mut response = json(status, &format!("{{\"result\":\"{word}\"}}"));
        if let Outcome::Solved(kind) = outcome {
            let cookie = self.token(kind, delivery, host, &keys)?;
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// What is to come of a delivery, and what kind of task it is for, if that is known.
    fn judge(&self, delivery: &Delivery<'_>, host: &str, keys: &KeyRing) -> (Outcome, Option<Kind>) {
        if !is_of_own_site(delivery.head, host) {
            return (Outcome::Foreign, None);
        }
        let form = delivery.body.map(Form::read).unwrap_or_default();
        let (Some(task), Some(number)) = (Task::open(&form.task, host, keys), form.number) else {
            return (Outcome::Unreadable, None);
        };
        (self.judge_task(delivery, &form, &task, number, keys), Some(task.kind))
    }

    fn judge_task(&self, delivery: &Delivery<'_>, form: &Form, task: &Task, number: u32, keys: &KeyRing) -> Outcome {
        if task.is_stale(delivery.now) {
            return Outcome::Stale;
        }
        let may_try = || self.attempts(|attempts| attempts.may_try(delivery.client, delivery.now));
        if task.kind.is_puzzle() && !may_try() {
            return Outcome::Later;
        }
        if !is_proof(&form.task, number, task.bits) {
            return Outcome::Wrong;
        }
        // Whatever the answer, a puzzle is good for one.
        if !self.spent(|spent| spent.spend(task.id, delivery.now)) {
            return Outcome::Spent;
        }
        if task.kind.is_puzzle() && !task.is_answer(&form.answer, keys) {
            self.attempts(|attempts| attempts.failed(delivery.client, delivery.now));
            return Outcome::Wrong;
        }
        Outcome::Solved(task.kind)
    }

    /// A new token, or the one the client has with this solution added.
    ///
    /// Source: AWS WAF Developer Guide, "How AWS WAF uses tokens": a CAPTCHA runs a challenge too.
    fn token(&self, kind: Kind, delivery: &Delivery<'_>, host: &str, keys: &KeyRing) -> Result<HeaderValue, NoRandom> {
        let domain = domain_for(host, delivery.domains);
        let headers = &delivery.head.headers;
        let fields = headers.get_all(FIELD).iter().map(HeaderValue::as_bytes);
        let cookies = headers.get_all(http::header::COOKIE).iter().flat_map(|field| of_cookies(field.as_bytes()));
        let had = fields.chain(cookies).take(4).filter_map(|text| Token::open(text, keys));
        let had = had.filter(|token| token.domain == domain).max_by_key(|token| (token.captcha, token.challenge));
        let had = match had {
            Some(token) => token,
            None => Token { id: super::random::bytes()?, captcha: None, challenge: None, domain: domain.to_owned() },
        };
        let token = Token {
            challenge: Some(delivery.now),
            captcha: if kind.is_puzzle() { Some(delivery.now) } else { had.captcha },
            ..had
        };
        let mut cookie =
            format!("{COOKIE}={}; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; SameSite=Lax", token.seal(keys));
        if delivery.secure {
            cookie.push_str("; Secure");
        }
        // Only a listed domain is more than one host.
        if domain != host || delivery.domains.iter().any(|listed| listed == domain) {
            cookie.push_str("; Domain=");
            cookie.push_str(domain);
        }
        Ok(HeaderValue::from_str(&cookie).expect("base64 and host names are a field value"))
    }
}

impl Form {
    fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "task" => form.task = value.into_owned(),
                "number" => form.number = value.parse().ok(),
                "answer" => form.answer = value.into_owned(),
                _ => {}
            }
        }
        form
    }
}

/// What a kind of task goes by in metrics.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Challenge => "challenge",
        Kind::Picture => "captcha_picture",
        Kind::Words => "captcha_words",
    }
}

/// Whether a request comes from a page of the same host, or from no page at all.
///
/// Source: Fetch Standard: browsers say `Origin` with every POST. Fetch Metadata Request Headers.
fn is_of_own_site(head: &request::Parts, host: &str) -> bool {
    let site_is_own = head.headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin");
    let origin_is_own = head.headers.get(ORIGIN).is_none_or(|origin| {
        let authority =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
        authority.is_some_and(|authority| host_of(authority) == host)
    });
    site_is_own && origin_is_own
}

fn json(status: StatusCode, text: &str) -> Response<Source> {
    let mut response = Response::new(Source::Full(text.to_owned().into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    private(headers);
    response
}
