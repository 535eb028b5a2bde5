//! The host and port a request is meant for: the Host field, and the authority of an absolute target.
//!
//! Source: RFC 9110 section 7.2, RFC 3986 section 3.2.2. Narrower than the grammar on purpose: a registered name is held
//! to the characters that names in the Domain Name System are made of (and `_`, `~`), without percent-encoding or
//! `sub-delims`, and a port must name one. Everything wider that reaches a proxy is an attempt at its routing.

use std::net::Ipv6Addr;

use super::octet::{self, HOST};

/// Whether `authority` is a host with an optional port, and nothing else.
pub(super) fn is_valid(authority: &[u8]) -> bool {
    let (host_is_valid, rest) = match authority.strip_prefix(b"[") {
        Some(literal) => {
            let end = memchr::memchr(b']', literal).unwrap_or(literal.len());
            let (address, rest) = literal.split_at(end);
            (is_ipv6(address), rest.strip_prefix(b"]").unwrap_or(b"?"))
        }
        None => {
            let end = octet::run(authority, HOST);
            let (name, rest) = authority.split_at(end);
            (!name.is_empty(), rest)
        }
    };
    host_is_valid && (rest.is_empty() || rest.strip_prefix(b":").is_some_and(is_port))
}

/// Whether `authority`, which is valid, has a port.
pub(super) fn has_port(authority: &[u8]) -> bool {
    let after_host = authority.iter().rposition(|octet| *octet == b']').unwrap_or(0);
    memchr::memchr(b':', &authority[after_host..]).is_some()
}

fn is_ipv6(address: &[u8]) -> bool {
    std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn is_port(digits: &[u8]) -> bool {
    digits.len() <= 5
        && digits.iter().all(u8::is_ascii_digit)
        && (1..=65_535).contains(&digits.iter().fold(0_u32, |port, digit| port * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_port_are_valid() {
        for authority in
            ["example.com", "a", "shop.example.", "x_y:80", "127.0.0.1:65535", "[::1]", "[2001:db8::1]:443", "h:00080"]
        {
            assert!(is_valid(authority.as_bytes()), "{authority}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for authority in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:8a",
            "a:80:80",
            "a:+80",
            "a b",
            "a,b",
            "user@a",
            "a/b",
            "a?b",
            "a#b",
            "a%2eb",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]:",
            "[v1.x]",
            "[fe80::1%25eth0]",
            "[]",
            "a[::1]",
            "a\"b",
            "日本",
        ] {
            assert!(!is_valid(authority.as_bytes()), "{authority}");
        }
    }

    #[test]
    fn a_port_is_told_from_the_colons_of_an_address() {
        assert!(has_port(b"a:1") && has_port(b"[::1]:1"));
        assert!(!has_port(b"a") && !has_port(b"[::1]"));
    }

    #[test]
    fn what_is_valid_here_is_valid_to_the_http_crate() {
        for authority in ["example.com", "x_y:80", "[2001:db8::1]:443", "a~b", "h:00080"] {
            assert!(authority.parse::<http::uri::Authority>().is_ok(), "{authority}");
            assert!(format!("http://{authority}/").parse::<http::Uri>().is_ok(), "{authority}");
        }
    }
}
