//! The request target: its form, and where its parts begin.
//!
//! Source: RFC 9112 section 3.2.

use super::authority;
use super::malformed::Malformed;
use super::octet::{self, PATH, QUERY};

/// In which form a request names its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetForm {
    /// A path and perhaps a query: `/a?b`.
    #[default]
    Origin,
    /// A whole `http` or `https` URI, as sent to a proxy.
    Absolute,
    /// `*`, with OPTIONS only.
    Asterisk,
    /// A host and port, with CONNECT only. Well formed, but not for a reverse proxy to honour.
    Authority,
}

/// A target cut at its delimiters; nothing is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TargetParts<'a> {
    /// Host and port of an absolute target or of CONNECT.
    pub authority: Option<&'a [u8]>,
    /// Up to `?` or `#`. Empty if an absolute target has none, and with CONNECT; `*` is a path.
    pub path: &'a [u8],
    /// After `?`, without it.
    pub query: Option<&'a [u8]>,
    /// After `#`, without it. The gate lets none pass unless [`super::Limits::fragments`] says so.
    pub fragment: Option<&'a [u8]>,
}

impl<'a> TargetParts<'a> {
    /// Cuts any bytes, well formed or not: as an absolute target if they begin with `http://` or `https://` in any case,
    /// otherwise as a path.
    #[must_use]
    pub fn of(target: &'a [u8]) -> Self {
        let mut parts = TargetParts::default();
        let mut rest = target;
        if let Some(at) = scheme_end(target) {
            let after = &target[at..];
            let end = memchr::memchr3(b'/', b'?', b'#', after).unwrap_or(after.len());
            parts.authority = Some(&after[..end]);
            rest = &after[end..];
        }
        if let Some(at) = memchr::memchr(b'#', rest) {
            parts.fragment = Some(&rest[at + 1..]);
            rest = &rest[..at];
        }
        if let Some(at) = memchr::memchr(b'?', rest) {
            parts.query = Some(&rest[at + 1..]);
            rest = &rest[..at];
        }
        parts.path = rest;
        parts
    }

    /// The path as the next hop gets it: `/` where an absolute target has none. Rules must see no other.
    ///
    /// Source: RFC 9110 section 4.2.3 (an empty path is the same as `/`).
    #[must_use]
    pub fn path_or_root(&self) -> &'a [u8] {
        if self.path.is_empty() { b"/" } else { self.path }
    }
}

/// Where `http://` or `https://` ends, if `target` begins with it.
fn scheme_end(target: &[u8]) -> Option<usize> {
    ["http://", "https://"].iter().find_map(|scheme| {
        let start = target.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme.as_bytes()).then_some(scheme.len())
    })
}

/// Finds the form of `target`, which is visible ASCII, and holds it to that form, with a fragment if it may have one.
pub(super) fn check(method: &[u8], target: &[u8], fragments: bool) -> Result<TargetForm, Malformed> {
    if method == b"CONNECT" {
        return match authority::is_valid(target) && authority::has_port(target) {
            true => Ok(TargetForm::Authority),
            false => Err(Malformed::TargetForm),
        };
    }
    if target == b"*" {
        return if method == b"OPTIONS" { Ok(TargetForm::Asterisk) } else { Err(Malformed::TargetForm) };
    }
    if target.starts_with(b"/") {
        check_path_and_query(target, fragments)?;
        return Ok(TargetForm::Origin);
    }
    let Some(at) = scheme_end(target) else { return Err(Malformed::TargetForm) };
    let end = target[at..].iter().position(|octet| matches!(octet, b'/' | b'?' | b'#'));
    let (host, rest) = target[at..].split_at(end.unwrap_or(target.len() - at));
    if !authority::is_valid(host) {
        return Err(Malformed::HostInvalid);
    }
    check_path_and_query(rest, fragments)?;
    Ok(TargetForm::Absolute)
}

fn check_path_and_query(target: &[u8], fragments: bool) -> Result<(), Malformed> {
    let mut at = octet::run(target, PATH);
    if target.get(at) == Some(&b'?') {
        at += 1;
        at += octet::run(&target[at..], QUERY);
    }
    if fragments && target.get(at) == Some(&b'#') {
        at += 1;
        at += octet::run(&target[at..], QUERY);
        return target.get(at).map_or(Ok(()), |byte| Err(Malformed::TargetOctet { byte: *byte }));
    }
    match target.get(at) {
        None => Ok(()),
        Some(b'#') => Err(Malformed::TargetFragment),
        Some(byte) => Err(Malformed::TargetOctet { byte: *byte }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_held_to_their_methods() {
        let check = |method: &str, target: &str| check(method.as_bytes(), target.as_bytes(), false);
        assert_eq!(check("GET", "/"), Ok(TargetForm::Origin));
        assert_eq!(check("GET", "//evil.example/a"), Ok(TargetForm::Origin));
        assert_eq!(check("GET", "/a?b=c|d&e[]={f}\\^`"), Ok(TargetForm::Origin));
        assert_eq!(check("OPTIONS", "*"), Ok(TargetForm::Asterisk));
        assert_eq!(check("GET", "HTTPS://a.example:1?x"), Ok(TargetForm::Absolute));
        assert_eq!(check("CONNECT", "a.example:443"), Ok(TargetForm::Authority));
        for (method, target) in
            [("GET", "*"), ("GET", "a"), ("CONNECT", "/"), ("CONNECT", "a"), ("GET", "ftp://a/"), ("GET", "a:1")]
        {
            assert_eq!(check(method, target), Err(Malformed::TargetForm), "{method} {target}");
        }
        assert_eq!(check("GET", "http://u@a/"), Err(Malformed::HostInvalid));
        assert_eq!(check("GET", "http:///a"), Err(Malformed::HostInvalid));
        assert_eq!(check("GET", "/a#b"), Err(Malformed::TargetFragment));
        assert_eq!(check("GET", "http://a#b"), Err(Malformed::TargetFragment));
        assert_eq!(check("GET", "/?<"), Err(Malformed::TargetOctet { byte: b'<' }));
    }

    #[test]
    fn a_fragment_passes_where_it_may() {
        let check = |target: &str| check(b"GET", target.as_bytes(), true);
        assert_eq!(check("/a#b?c=%20/d"), Ok(TargetForm::Origin));
        assert_eq!(check("/a?b#"), Ok(TargetForm::Origin));
        assert_eq!(check("http://a#b"), Ok(TargetForm::Absolute));
        assert_eq!(check("/a#b#c"), Err(Malformed::TargetOctet { byte: b'#' }));
        assert_eq!(check("/a#<"), Err(Malformed::TargetOctet { byte: b'<' }));
        assert_eq!(check("#a"), Err(Malformed::TargetForm));
    }

    #[test]
    fn parts_are_cut_at_the_first_delimiter() {
        let parts = TargetParts::of(b"/a/b?c=d?e#f?g#h");
        assert_eq!(parts.path, b"/a/b");
        assert_eq!(parts.query, Some(&b"c=d?e"[..]));
        assert_eq!(parts.fragment, Some(&b"f?g#h"[..]));
        let parts = TargetParts::of(b"http://a:1?q");
        assert_eq!((parts.authority, parts.path, parts.query), (Some(&b"a:1"[..]), &b""[..], Some(&b"q"[..])));
        assert_eq!(TargetParts::of(b"*").path, b"*");
    }
}
