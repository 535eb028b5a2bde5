//! What a request presents: looked at when a rule first asks, once.

use std::cell::OnceCell;

use sekisho_model::Timestamp;
use sekisho_waf::ir::TokenKind;
use sekisho_waf::{KnownToken, Request, TokenSource, TokenState};

use super::cookie::{COOKIE, FIELD, Token};
use super::domain::{host_of, is_accepted};
use super::keys::KeyRing;

/// Tokens looked at in one request: browsers send one, or two where a domain and a subdomain of it have one each.
const TOKENS_MAX: usize = 4;

/// The tokens of a request, as rules ask for them.
pub struct Presented<'a> {
    request: &'a Request<'a>,
    keys: &'a KeyRing,
    domains: &'a [String],
    known: OnceCell<KnownToken>,
}

impl<'a> Presented<'a> {
    /// Those of `request`; `domains` are the policy's.
    #[must_use]
    pub fn new(request: &'a Request<'a>, keys: &'a KeyRing, domains: &'a [String]) -> Self {
        Self { request, keys, domains, known: OnceCell::new() }
    }

    fn look(&self) -> KnownToken {
        let host = self.request.header("host").and_then(|host| std::str::from_utf8(host).ok()).unwrap_or_default();
        let host = host_of(host);
        let mut states = [TokenState::Missing; 2];
        for text in written(self.request).take(TOKENS_MAX) {
            let found = match Token::open(text, self.keys) {
                None => [TokenState::Invalid; 2],
                Some(token) if !is_accepted(&token.domain, &host, self.domains) => [TokenState::DomainMismatch; 2],
                Some(token) => [token.captcha, token.challenge].map(solved),
            };
            for (state, found) in states.iter_mut().zip(found) {
                if rank(found) > rank(*state) {
                    *state = found;
                }
            }
        }
        let [captcha, challenge] = states;
        KnownToken { captcha, challenge }
    }
}

impl TokenSource for Presented<'_> {
    fn state(&self, kind: TokenKind) -> TokenState {
        self.known.get_or_init(|| self.look()).state(kind)
    }
}

/// Whoever brings the solution of a task is not asked for the token it will get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exempt;

impl TokenSource for Exempt {
    fn state(&self, _: TokenKind) -> TokenState {
        TokenState::Exempt
    }
}

fn solved(at: Option<Timestamp>) -> TokenState {
    at.map_or(TokenState::Missing, TokenState::SolvedAt)
}

/// Of several tokens the one that says most counts: the latest solution, then what is most nearly one.
fn rank(state: TokenState) -> (u8, u64) {
    match state {
        TokenState::Missing => (0, 0),
        TokenState::Invalid => (1, 0),
        TokenState::DomainMismatch => (2, 0),
        TokenState::SolvedAt(at) => (3, at.unix_ms()),
        TokenState::Exempt => (4, 0),
    }
}

/// The tokens as they are written: of the field, then of the cookies.
pub(super) fn written<'a>(request: &'a Request<'a>) -> impl Iterator<Item = &'a [u8]> {
    let named = |name| request.headers.iter().filter(move |header| header.is(name)).map(|header| header.value);
    named(FIELD).chain(named("cookie").flat_map(of_cookies))
}

/// The tokens among the cookies of one Cookie field.
pub(super) fn of_cookies(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(|&byte| byte == b';').filter_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"=")?;
        Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    })
}
