//! The answer to a client without a good token: a page for browsers, a status and a header for programs.
//!
//! Source: AWS WAF Developer Guide, "CAPTCHA and Challenge action behavior": 202 and `challenge`, 405 and `captcha`; the page
//! where the request accepts `text/html`; no CORS fields, so that scripts of other sites see nothing.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, request};
use sekisho_model::Timestamp;
use sekisho_waf::ir::TokenKind;

use super::domain::host_of;
use super::keys::KeyRing;
use super::page::{CAPTCHA, CHALLENGE, Filling, Language};
use super::picture::{self, Picture};
use super::random::{Dice, NoRandom};
use super::service::Tokens;
use super::task::{Kind, Task};
use crate::body::Source;
use crate::visit::Visit;

const X_AMZN_WAF_ACTION: HeaderName = HeaderName::from_static("x-amzn-waf-action");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Tokens {
    /// The response to a request whose token is not good.
    pub(crate) fn ask(&self, kind: TokenKind, head: &request::Parts, visit: &Visit) -> Response<Source> {
        let (status, word) = match kind {
            TokenKind::Captcha => (StatusCode::METHOD_NOT_ALLOWED, "captcha"),
            TokenKind::Challenge => (StatusCode::ACCEPTED, "challenge"),
        };
        let mut response = Response::new(Source::Empty);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(X_AMZN_WAF_ACTION, HeaderValue::from_static(word));
        private(headers);
        if let Ok(name) = HeaderValue::from_str(visit.name()) {
            headers.insert(X_REQUEST_ID, name);
        }
        if !accepts_page(head) {
            return response;
        }
        match self.page(kind, head, visit) {
            Ok((page, policy)) => {
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                headers.insert("content-security-policy", policy);
                headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
                headers.insert("referrer-policy", HeaderValue::from_static("same-origin"));
                *response.body_mut() = Source::Full(page);
            }
            Err(error) => tracing::error!(request = visit.name(), %error, "no page can be made to ask for a token"),
        }
        response
    }

    fn page(&self, kind: TokenKind, head: &request::Parts, visit: &Visit) -> Result<(Bytes, HeaderValue), NoRandom> {
        let host = host_field(head);
        let host = host_of(&host);
        let keys = self.keys();
        let (template, task, picture) = match kind {
            TokenKind::Challenge => (&*CHALLENGE, self.challenge(&host, visit.at, &keys)?, Vec::new()),
            TokenKind::Captcha => {
                let (task, picture) = self.picture(&host, visit.at, &keys)?;
                (&*CAPTCHA, task, picture.file)
            }
        };
        let accepted = head.headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes).unwrap_or_default();
        let filling = Filling {
            language: Language::preferred(accepted),
            task: &task,
            bits: self.work_bits,
            // A page can only ask for its own request again where that was a GET.
            method: if head.method == Method::GET { "GET" } else { "POST" },
            request: visit.name(),
            picture: &picture,
        };
        let policy = HeaderValue::from_str(&template.policy).expect("hashes and words are a field value");
        Ok((template.fill(&filling).into(), policy))
    }

    fn challenge(&self, host: &str, now: Timestamp, keys: &KeyRing) -> Result<String, NoRandom> {
        Task::give(Kind::Challenge, self.work_bits, "", host, now, keys)
    }

    /// A puzzle in a picture.
    pub(super) fn picture(&self, host: &str, now: Timestamp, keys: &KeyRing) -> Result<(String, Picture), NoRandom> {
        let picture = picture::draw(&mut Dice::new()?)?;
        let task = Task::give(Kind::Picture, self.work_bits, &picture.answer, host, now, keys)?;
        Ok((task, picture))
    }
}

/// The host a request is for, as its field says.
pub(super) fn host_field(head: &request::Parts) -> String {
    head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
}

/// What keeps an answer from being kept.
pub(super) fn private(headers: &mut http::HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn accepts_page(head: &request::Parts) -> bool {
    let accepts = |value: &HeaderValue| memchr::memmem::find(value.as_bytes(), b"text/html").is_some();
    head.method != Method::HEAD && head.headers.get_all(ACCEPT).iter().any(accepts)
}
