//! What a kept request does not show as it came: the data protection of a policy, and the redaction of its records.
//!
//! Compiled once a rule set. A veil says which parts are covered and how; [`super::decision`] and
//! [`crate::sample`] write accordingly. Both the veil and the masks of [`super::mask`] apply: a hash that a policy
//! asks for by name stands in place of a secret, and a secret that is to be shown all the same stays masked.
//!
//! Hashes are the SHA-256 of the account of the policy followed by the content, in Base64. They tell equal values; they
//! hide no value that can be guessed.
//!
//! Source: AWS WAF Developer Guide, "Data protection", "Data protection exceptions", "Data protection limitations";
//! API reference, `LoggingConfiguration`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use sekisho_waf::ir::phased::SanitisedPart;
use sekisho_waf::ir::{Policy, Protection, ProtectionMethod, RedactedPart, RequestPart};

use super::mask::REDACTED;

/// Longest name that can be covered, in bytes: 64 characters of UTF-8.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of a hash in Base64.
const HASH_CHARS: usize = 44;

/// Where a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among the parts of the request.
    Request,
    /// In the details of a rule's match.
    MatchDetails,
    /// Among the keys of a rate-based rule.
    RateDetails,
}

/// How a part is covered at each place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cover([Option<ProtectionMethod>; 3]);

impl Cover {
    const WHOLE: Self = Self([Some(ProtectionMethod::Substitute); 3]);

    /// Substitution is the stricter of two methods.
    fn and(self, other: Self) -> Self {
        let [a, b, c] = self.0;
        let [d, e, f] = other.0;
        Self([a.max(d), b.max(e), c.max(f)])
    }

    fn at(self, place: Place) -> Option<ProtectionMethod> {
        self.0[place as usize]
    }
}

/// What stands in place of a covered part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stand {
    text: [u8; HASH_CHARS],
    length: usize,
}

impl Stand {
    const REDACTED: Self = {
        let mut text = [0; HASH_CHARS];
        let mut at = 0;
        while at < REDACTED.len() {
            text[at] = REDACTED[at];
            at += 1;
        }
        Self { text, length: REDACTED.len() }
    };

    /// Letters, digits, `+`, `/` and `=`: fit for any string.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// The covered parts.
#[derive(Debug, Default)]
pub struct Veil {
    hash_prefix: Vec<u8>,
    /// By lowercase name.
    headers: HashMap<Box<[u8]>, Cover>,
    cookies: HashMap<Box<[u8]>, Cover>,
    arguments: HashMap<Box<[u8]>, Cover>,
    all_cookies: Cover,
    all_arguments: Cover,
    query: Cover,
    body: Cover,
    redacts_method: bool,
    redacts_path: bool,
    redacts_query: bool,
    redacted_headers: Vec<Box<[u8]>>,
    /// Arguments that rules in phases leave out of logs, by lowercase name, also where they come in a body.
    sanitised_arguments: Vec<Box<[u8]>>,
    /// The same of fields of responses.
    sanitised_response_headers: Vec<Box<[u8]>>,
}

impl Veil {
    /// Covers what a policy protects, and what records do not show. Samples are not redacted.
    #[must_use]
    pub fn new(protection: &Protection, redacted: &[RedactedPart]) -> Self {
        let mut veil = Self { hash_prefix: protection.hash_prefix.clone().into_bytes(), ..Self::default() };
        for part in &protection.parts {
            let unless = |shown: bool| (!shown).then_some(part.method);
            let cover =
                Cover([Some(part.method), unless(part.shown_in_match_details), unless(part.shown_in_rate_details)]);
            veil.cover(&part.part, cover);
        }
        for part in redacted {
            match part {
                RedactedPart::Method => veil.redacts_method = true,
                RedactedPart::UriPath => veil.redacts_path = true,
                RedactedPart::QueryString => veil.redacts_query = true,
                RedactedPart::Header(name) => veil.redacted_headers.push(name.as_bytes().into()),
            }
        }
        veil
    }

    /// Covers what a policy protects, what its groups of rules in phases leave out of logs, and what records do not show.
    #[must_use]
    pub fn of(policy: &Policy, redacted: &[RedactedPart]) -> Self {
        Self::new(&policy.protection, redacted).and_sanitised(policy.sanitised())
    }

    /// Covers what rules in phases leave out of logs, too.
    #[must_use]
    pub fn and_sanitised<'p>(mut self, parts: impl IntoIterator<Item = &'p SanitisedPart>) -> Self {
        for part in parts {
            match part {
                SanitisedPart::Argument(name) => {
                    self.cover(&RequestPart::QueryArgument(name.clone()), Cover::WHOLE);
                    self.sanitised_arguments.push(name.as_bytes().into());
                }
                SanitisedPart::RequestHeader(name) => self.cover(&RequestPart::Header(name.clone()), Cover::WHOLE),
                SanitisedPart::ResponseHeader(name) => self.sanitised_response_headers.push(name.as_bytes().into()),
            }
        }
        self
    }

    /// Whether rules in phases leave an argument out of logs; one of any name, if none is given.
    pub(crate) fn sanitises_argument(&self, name: &[u8]) -> bool {
        let names = &self.sanitised_arguments;
        if name.is_empty() { !names.is_empty() } else { names.iter().any(|known| known.eq_ignore_ascii_case(name)) }
    }

    /// Whether rules in phases leave a field of responses out of logs; one of any name, if none is given.
    pub(crate) fn sanitises_response_header(&self, name: &[u8]) -> bool {
        let names = &self.sanitised_response_headers;
        if name.is_empty() { !names.is_empty() } else { names.iter().any(|known| known.eq_ignore_ascii_case(name)) }
    }

    fn cover(&mut self, part: &RequestPart, cover: Cover) {
        let add = |to: &mut HashMap<Box<[u8]>, Cover>, name: &str| {
            let known = to.entry(name.as_bytes().into()).or_default();
            *known = known.and(cover);
        };
        match part {
            RequestPart::Header(name) => {
                add(&mut self.headers, name);
                if name == "cookie" {
                    self.all_cookies = self.all_cookies.and(cover);
                }
            }
            RequestPart::Cookie(name) => {
                add(&mut self.cookies, name);
                self.all_cookies = self.all_cookies.and(cover);
            }
            RequestPart::QueryArgument(name) => {
                add(&mut self.arguments, name);
                self.all_arguments = self.all_arguments.and(cover);
            }
            RequestPart::QueryString => {
                self.query = self.query.and(cover);
                self.all_arguments = self.all_arguments.and(cover);
            }
            RequestPart::Body => self.body = self.body.and(cover),
        }
    }

    /// What stands in place of `content`, if it is covered.
    pub(crate) fn stand(&self, method: Option<ProtectionMethod>, content: &[u8]) -> Option<Stand> {
        Some(match method? {
            ProtectionMethod::Substitute => Stand::REDACTED,
            ProtectionMethod::Hash => {
                let mut context = digest::Context::new(&digest::SHA256);
                context.update(&self.hash_prefix);
                context.update(content);
                let mut text = [0; HASH_CHARS];
                let length = STANDARD.encode_slice(context.finish(), &mut text).expect("32 bytes become 44 characters");
                Stand { text, length }
            }
        })
    }

    /// How the value of a header is covered. For `Cookie`, that is the strictest cover of any cookie.
    pub(crate) fn header(&self, name: &[u8], place: Place) -> Option<ProtectionMethod> {
        let redacted = || self.redacted_headers.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !self.redacted_headers.is_empty() && redacted() {
            return Some(ProtectionMethod::Substitute);
        }
        if self.headers.is_empty() && self.cookies.is_empty() {
            return None;
        }
        if name.eq_ignore_ascii_case(b"cookie") {
            return self.all_cookies.at(place);
        }
        in_any_case(&self.headers, name).and_then(|cover| cover.at(place))
    }

    /// As [`Self::header`], for a rule that looks at all headers: redaction concerns single headers only.
    pub(crate) fn header_of_many(&self, name: &[u8]) -> Option<ProtectionMethod> {
        if name.eq_ignore_ascii_case(b"cookie") {
            return self.all_cookies.at(Place::MatchDetails);
        }
        in_any_case(&self.headers, name).and_then(|cover| cover.at(Place::MatchDetails))
    }

    /// Whether the header of cookies is written cookie by cookie.
    pub(crate) fn sees_cookies(&self) -> bool {
        self.all_cookies.at(Place::Request).is_some()
            && !self.redacted_headers.iter().any(|name| name.eq_ignore_ascii_case(b"cookie"))
    }

    /// How a cookie is covered.
    pub(crate) fn cookie(&self, name: &[u8], place: Place) -> Option<ProtectionMethod> {
        let of_header = self.headers.get(b"cookie".as_slice()).copied().unwrap_or_default();
        self.cookies.get(name).copied().unwrap_or_default().and(of_header).at(place)
    }

    /// How all cookies together are covered, in details.
    pub(crate) fn cookies(&self, place: Place) -> Option<ProtectionMethod> {
        self.all_cookies.at(place)
    }

    /// Whether any part of the query is covered.
    pub(crate) fn sees_arguments(&self) -> bool {
        self.redacts_query || self.all_arguments != Cover::default()
    }

    /// How names and values of all arguments are covered.
    pub(crate) fn query(&self, place: Place) -> Option<ProtectionMethod> {
        self.query.at(place)
    }

    /// Whether records do not show the query at all.
    pub(crate) fn redacts_query(&self) -> bool {
        self.redacts_query
    }

    /// How an argument is covered; the name as it stands in the query.
    pub(crate) fn argument(&self, name: &[u8], place: Place) -> Option<ProtectionMethod> {
        if self.arguments.is_empty() {
            return self.query.at(place);
        }
        let written = in_any_case(&self.arguments, name).unwrap_or_default();
        let encoded = name.iter().any(|byte| matches!(byte, b'%' | b'+'));
        let meant = if encoded { in_any_case(&self.arguments, &decoded(name)) } else { None };
        self.query.and(written).and(meant.unwrap_or_default()).at(place)
    }

    /// How the query is covered where all of it may show: by the strictest cover of any argument.
    pub(crate) fn arguments(&self, place: Place) -> Option<ProtectionMethod> {
        self.all_arguments.at(place)
    }

    /// How the body is covered.
    pub(crate) fn body(&self) -> Option<ProtectionMethod> {
        self.body.at(Place::MatchDetails)
    }

    /// How what a detector found in a body is covered: it does not say which argument it found that in.
    pub(crate) fn found_in_body(&self) -> Option<ProtectionMethod> {
        let sanitised = || (!self.sanitised_arguments.is_empty()).then_some(ProtectionMethod::Substitute);
        self.body().or_else(sanitised)
    }

    /// How the method is covered.
    pub(crate) fn method(&self) -> Option<ProtectionMethod> {
        if self.redacts_method { Cover::WHOLE.at(Place::Request) } else { None }
    }

    /// How the path is covered.
    pub(crate) fn path(&self) -> Option<ProtectionMethod> {
        if self.redacts_path { Cover::WHOLE.at(Place::Request) } else { None }
    }
}

/// Looks up a name among lowercase ones.
fn in_any_case(covers: &HashMap<Box<[u8]>, Cover>, name: &[u8]) -> Option<Cover> {
    if covers.is_empty() || name.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut lower = [0; NAME_BYTES_MAX];
    let lower = &mut lower[..name.len()];
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    if let Some(cover) = covers.get(&*lower) {
        return Some(*cover);
    }
    // Letters beyond ASCII have cases too; names in them are rare.
    if name.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(name).ok()?;
    covers.get(text.to_lowercase().as_bytes()).copied()
}

/// A name as a service reads it: percent-encodings and `+` undone.
fn decoded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while at < name.len() {
        let hex = |at: usize| name.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (name[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// The arguments of a query as they stand in it: name and, after the first `=`, value.
pub(crate) fn arguments(query: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    query.split(|&byte| byte == b'&').map(|pair| match memchr::memchr(b'=', pair) {
        Some(at) => (&pair[..at], Some(&pair[at + 1..])),
        None => (pair, None),
    })
}

/// The raw value of the first argument that a service would call `name`, in any case.
pub(crate) fn argument<'q>(query: &'q [u8], name: &[u8]) -> Option<&'q [u8]> {
    let named = arguments(query)
        .find(|(written, _)| written.eq_ignore_ascii_case(name) || decoded(written).eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.unwrap_or_default())
}

#[cfg(test)]
mod tests;
