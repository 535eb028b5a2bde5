//! One request of the script and what should become of it.
//!
//! Built here with the headers a browser sends, so that an attack is recognised by what it carries and a customer has
//! nothing unusual about them. Sent by [`crate::visitor`].

use std::fmt;

use crate::loopback::Loopback;
use crate::visitor::Reply;

/// The browser every visitor claims to use unless the script says otherwise.
pub const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// A request before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A well-formed request; the client adds `Host`, `Content-Length` and its cookies.
    Message {
        /// The method, such as `GET`.
        method: &'static str,
        /// Path and query, percent-encoded.
        target: String,
        /// Header names and values in order.
        headers: Vec<(&'static str, String)>,
        /// The body; empty for none.
        body: Vec<u8>,
    },
    /// Bytes for the wire as they are, for requests no HTTP library would send.
    Raw(Vec<u8>),
}

/// What should become of a request at the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// It passes: the shop's own answer comes back with this status and this text in the body.
    Passes {
        /// The shop's status code.
        status: u16,
        /// Text only the shop's right answer holds.
        text: String,
    },
    /// It is blocked by a rule: 403.
    Blocked,
    /// It is no HTTP: 400, or the connection closes.
    Refused,
}

impl Expect {
    /// Whether `reply` is what was expected.
    #[must_use]
    pub fn is_met_by(&self, reply: &Reply) -> bool {
        match self {
            Self::Passes { status, text } => reply.status == Some(*status) && reply.contains(text),
            Self::Blocked => reply.status == Some(403),
            Self::Refused => matches!(reply.status, None | Some(400)),
        }
    }
}

/// Prints what should happen, for people.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes { status, .. } => write!(f, "passes ({status})"),
            Self::Blocked => f.write_str("blocked (403)"),
            Self::Refused => f.write_str("refused (400 or closed)"),
        }
    }
}

/// One step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the visitor does, in a few words.
    pub title: String,
    /// The request that does it.
    pub request: Request,
    /// What should become of it.
    pub expect: Expect,
}

impl Request {
    /// A page opened by following a link on the front page of `base`.
    #[must_use]
    pub fn page(base: Loopback, target: impl Into<String>) -> Self {
        let mut headers = browser_headers("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        headers.push(("Upgrade-Insecure-Requests", "1".to_owned()));
        headers.push(("Sec-Fetch-Dest", "document".to_owned()));
        headers.push(("Sec-Fetch-Mode", "navigate".to_owned()));
        headers.push(("Sec-Fetch-Site", "same-origin".to_owned()));
        headers.push(("Referer", format!("{base}/")));
        Self::Message { method: "GET", target: target.into(), headers, body: Vec::new() }
    }

    /// A page with one argument, encoded the way a browser submits a form.
    #[must_use]
    pub fn query(base: Loopback, path: &str, name: &str, value: &str) -> Self {
        Self::page(base, format!("{path}?{}", form(&[(name, value)])))
    }

    /// A form sent by POST from the page at `path`.
    #[must_use]
    pub fn form(base: Loopback, path: &str, fields: &[(&str, &str)]) -> Self {
        let mut headers = browser_headers("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        headers.push(("Origin", base.to_string()));
        headers.push(("Referer", format!("{base}{path}")));
        Self::Message { method: "POST", target: path.to_owned(), headers, body: form(fields).into_bytes() }
    }

    /// A JSON document sent by a script of the shop's own page.
    #[must_use]
    pub fn json(base: Loopback, path: &str, document: &serde_json::Value) -> Self {
        let mut headers = browser_headers("application/json");
        headers.push(("Content-Type", "application/json".to_owned()));
        headers.push(("Origin", base.to_string()));
        headers.push(("Sec-Fetch-Mode", "cors".to_owned()));
        headers.push(("Referer", format!("{base}/account")));
        Self::Message { method: "POST", target: path.to_owned(), headers, body: document.to_string().into_bytes() }
    }

    /// The same request by another method; raw bytes stay as they are.
    #[must_use]
    pub fn with_method(mut self, name: &'static str) -> Self {
        if let Self::Message { method, .. } = &mut self {
            *method = name;
        }
        self
    }

    /// The same request with that header set instead of whatever it had.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self = self.without_header(name);
        if let Self::Message { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    /// The same request without that header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        if let Self::Message { headers, .. } = &mut self {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        }
        self
    }

    /// The method as sent.
    #[must_use]
    pub fn method(&self) -> &str {
        match self {
            Self::Message { method, .. } => method,
            Self::Raw(bytes) => raw_word(bytes, 0),
        }
    }

    /// The target as sent.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Message { target, .. } => target,
            Self::Raw(bytes) => raw_word(bytes, 1),
        }
    }
}

/// Word `index` of the request line; `?` where the bytes have none in UTF-8.
fn raw_word(bytes: &[u8], index: usize) -> &str {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.split(|byte| *byte == b' ').nth(index).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("?")
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn browser_headers(accept: &str) -> Vec<(&'static str, String)> {
    vec![
        ("User-Agent", BROWSER.to_owned()),
        ("Accept", accept.to_owned()),
        ("Accept-Language", "ja,en-GB;q=0.8,en;q=0.6".to_owned()),
        ("Accept-Encoding", "gzip, deflate, br".to_owned()),
        ("Sec-CH-UA", "\"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"".to_owned()),
        ("Sec-CH-UA-Mobile", "?0".to_owned()),
        ("Sec-CH-UA-Platform", "\"Linux\"".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Expect, Request};
    use crate::loopback::Loopback;
    use crate::visitor::Reply;

    fn base() -> Loopback {
        Loopback::from_base_url("http://127.0.0.1:80").unwrap()
    }

    #[test]
    fn arguments_are_encoded_like_a_browser_does() {
        let request = Request::query(base(), "/search", "q", "1 = 1 & 猫");
        assert_eq!(request.target(), "/search?q=1+%3D+1+%26+%E7%8C%AB");
    }

    #[test]
    fn a_header_is_replaced_not_repeated() {
        let request = Request::page(base(), "/").with_header("user-agent", "x");
        let Request::Message { headers, .. } = request else { panic!("a page is a message") };
        assert_eq!(headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent")).count(), 1);
    }

    #[test]
    fn a_raw_request_shows_its_line() {
        let request = Request::Raw(b"GET /x HTTP/1.1\r\n\r\n".to_vec());
        assert_eq!((request.method(), request.target()), ("GET", "/x"));
        assert_eq!(Request::Raw(vec![0xff]).target(), "?");
    }

    #[test]
    fn expectations_tell_the_shop_from_the_checkpoint() {
        let reply = |status, body: &'static str| Reply { status, body: body.into() };
        let passes = Expect::Passes { status: 200, text: "猫".to_owned() };
        assert!(passes.is_met_by(&reply(Some(200), "<b>猫</b>")));
        assert!(!passes.is_met_by(&reply(Some(200), "")));
        assert!(!passes.is_met_by(&reply(Some(403), "猫")));
        assert!(Expect::Blocked.is_met_by(&reply(Some(403), "")));
        assert!(!Expect::Blocked.is_met_by(&reply(Some(400), "")));
        assert!(Expect::Refused.is_met_by(&reply(None, "")));
        assert!(!Expect::Refused.is_met_by(&reply(Some(200), "")));
    }
}
