//! Who the client is: the peer, or whoever a trusted proxy says stands behind it.
//!
//! Stands before inspection; what it returns is what rules see. It never believes a field of a peer that is not trusted.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use crate::settings::{Trust, TrustedField};

/// `X-Forwarded-For`.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Of a forwarding chain, this many addresses are walked; a longer one ends at the last of them.
const HOPS_MAX: usize = 32;

/// The address of the client of a request that came from `peer`.
///
/// Walks the trusted field from its right end past trusted proxies; the first address that is none of them is the
/// client. An entry that is no address ends the walk at the proxy that wrote it.
#[must_use]
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trust: &Trust) -> IpAddr {
    let mut client = peer.to_canonical();
    if trust.proxies.is_empty() || !trust.includes(client) {
        return client;
    }
    let (name, entry): (_, fn(&str) -> Option<IpAddr>) = match trust.field {
        TrustedField::XForwardedFor => (X_FORWARDED_FOR, address),
        TrustedField::Forwarded => (FORWARDED, forwarded_for),
    };
    // Only visible ASCII counts; a value with other octets was written by nobody we trust.
    let lines = headers.get_all(name).iter().rev().map_while(|value| value.to_str().ok());
    for text in lines.flat_map(|line| line.rsplit(',')).take(HOPS_MAX) {
        let Some(address) = entry(text.trim()) else { break };
        client = address.to_canonical();
        if !trust.includes(client) {
            break;
        }
    }
    client
}

/// An address, with or without port, brackets around version 6 optional.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    bare().or_else(bracketed).or_else(with_port)
}

/// The `for` of one element of `Forwarded`.
///
/// Source: RFC 7239 section 4 and 6.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| address(value.trim().trim_matches('"'))).flatten()
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, field: TrustedField, lines: &[&str]) -> String {
        let trust = Trust { proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], field };
        let mut headers = HeaderMap::new();
        let name = if field == TrustedField::Forwarded { FORWARDED } else { X_FORWARDED_FOR };
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trust).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        assert_eq!(client("203.0.113.9", TrustedField::XForwardedFor, &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_untrusted_address_is_the_client() {
        let field = TrustedField::XForwardedFor;
        assert_eq!(client("10.0.0.1", field, &["6.6.6.6, 1.2.3.4, 10.9.9.9"]), "1.2.3.4");
        assert_eq!(client("10.0.0.1", field, &["6.6.6.6", "1.2.3.4", "10.9.9.9:80"]), "1.2.3.4");
        assert_eq!(client("10.0.0.1", field, &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.1", field, &["1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_walk_at_its_proxy() {
        let field = TrustedField::XForwardedFor;
        assert_eq!(client("10.0.0.1", field, &["1.2.3.4, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", field, &["1.2.3.4, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", field, &["1.2.3.4 \u{e9}"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", field, &[]), "10.0.0.1");
    }

    #[test]
    fn forwarded_elements_are_read() {
        let field = TrustedField::Forwarded;
        assert_eq!(client("10.0.0.1", field, &["for=6.6.6.6, For=\"[2001:db8::7]:4711\";proto=https"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", field, &["for=_hidden"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", field, &["proto=http;by=1.1.1.1"]), "10.0.0.1");
    }
}
