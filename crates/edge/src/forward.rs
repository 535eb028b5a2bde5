//! What changes in a head between two hops: hop-by-hop fields go, forwarding fields are set.
//!
//! Works in place on the head hyper parsed, so that a request costs no second header map. Stands after inspection:
//! rules see the fields as the client sent them.
//!
//! Source: RFC 9110 section 7.6.1 (Connection), RFC 7239 (Forwarded).

use std::net::IpAddr;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, Entry, FORWARDED, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, request, response};

use crate::client::X_FORWARDED_FOR;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fields only a trusted proxy may bring, and which are not set here.
const TRUSTED_ONLY: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
];

/// What the forwarding fields tell the next hop.
#[derive(Debug)]
pub(crate) struct Hop<'a> {
    /// The peer, as an address.
    pub(crate) peer: IpAddr,
    /// The peer, as the value of `X-Forwarded-For`.
    pub(crate) peer_value: &'a HeaderValue,
    /// Whether the peer's own forwarding fields are kept.
    pub(crate) trusted: bool,
    /// Whether the client's connection is TLS.
    pub(crate) tls: bool,
}

impl Hop<'_> {
    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

/// Makes a client's head one for an origin. Returns the protocol it asks to upgrade to.
///
/// `host` is what its `Host` field holds. Framing fields are removed; whoever writes the body sets them.
pub(crate) fn to_origin(head: &mut request::Parts, host: &HeaderValue, hop: &Hop<'_>) -> Option<HeaderValue> {
    // Most requests have none of the fields that stay behind: one look at the names is cheaper than a search for each.
    let rare = head.headers.keys().any(stays_behind);
    let upgrade = if rare { cut(head, host, hop) } else { None };
    set_forwarding(&mut head.headers, host, hop);
    upgrade
}

/// Whether a trusted proxy says that the client came to it by TLS.
pub(crate) fn came_by_tls(headers: &HeaderMap) -> bool {
    headers.get(X_FORWARDED_PROTO).is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Makes an origin's head one for the client.
pub(crate) fn to_client(head: &mut response::Parts) {
    if head.headers.keys().any(stays_behind) {
        strip(&mut head.headers);
    }
}

/// Whether a field is one that [`cut`] or [`strip`] looks at.
fn stays_behind(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "expect"
            | "forwarded"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "x-forwarded-port"
            | "x-forwarded-server"
            | "x-real-ip"
    )
}

/// Cuts what belongs to the client's connection off a head, and what it may not claim. Returns the protocol it asks to
/// upgrade to.
fn cut(head: &mut request::Parts, host: &HeaderValue, hop: &Hop<'_>) -> Option<HeaderValue> {
    let upgrade = requested_upgrade(head);
    let headers = &mut head.headers;
    let trailers = headers.get(TE).is_some_and(|te| lists(te, "trailers"));
    strip(headers);
    // hyper has answered or will answer 100 itself; an origin asked again could hold the body back for ever.
    headers.remove(EXPECT);
    headers.remove(HTTP2_SETTINGS);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if !hop.trusted {
        for name in TRUSTED_ONLY {
            headers.remove(name);
        }
    }
    match headers.entry(FORWARDED) {
        Entry::Occupied(mut entry) if hop.trusted => entry.append(forwarded_element(host, hop)),
        Entry::Occupied(mut entry) => drop(entry.insert_mult(forwarded_element(host, hop))),
        Entry::Vacant(_) => {}
    }
    upgrade
}

/// The protocol a request asks to upgrade to. Never HTTP/2: a tunnel of requests would pass uninspected.
fn requested_upgrade(head: &request::Parts) -> Option<HeaderValue> {
    let asks = |value: &HeaderValue| lists(value, "upgrade");
    if head.version != Version::HTTP_11 || !head.headers.get_all(CONNECTION).iter().any(asks) {
        return None;
    }
    let mut values = head.headers.get_all(UPGRADE).iter();
    let value = values.next()?;
    let plain = values.next().is_none() && head.method == Method::GET;
    (plain && !lists_beginning(value, "h2") && !lists_beginning(value, "http")).then(|| value.clone())
}

/// Removes the fields that belong to one connection only.
fn strip(headers: &mut HeaderMap) {
    if let Entry::Occupied(connection) = headers.entry(CONNECTION) {
        let (_, values) = connection.remove_entry_mult();
        let listed: Vec<HeaderName> = values.flat_map(|value| named(&value)).collect();
        for name in listed {
            headers.remove(name);
        }
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION]
    {
        headers.remove(name);
    }
}

/// The fields a value of `Connection` names, without those whose removal would change what the message is.
fn named(value: &HeaderValue) -> Vec<HeaderName> {
    let tokens = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let names = tokens
        .filter(|token| !token.eq_ignore_ascii_case(b"keep-alive") && !token.eq_ignore_ascii_case(b"close"))
        .filter_map(|token| HeaderName::from_bytes(token).ok());
    names.filter(|name| ![HOST, CONTENT_LENGTH, TRAILER].contains(name)).collect()
}

/// Removes forwarding fields spelt with underscores. No proxy writes them, but servers that name fields as CGI does take
/// `X_Forwarded_For` for `X-Forwarded-For`.
fn remove_misspelt_claims(headers: &mut HeaderMap) {
    let is_claim = |name: &HeaderName| {
        let name = name.as_str();
        let plain = name.contains('_').then(|| name.replace('_', "-"));
        plain.is_some_and(|plain| plain == "forwarded" || plain.starts_with("x-forwarded-") || plain == "x-real-ip")
    };
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name)).cloned().collect();
    for name in claims {
        headers.remove(name);
    }
}

fn set_forwarding(headers: &mut HeaderMap, host: &HeaderValue, hop: &Hop<'_>) {
    remove_misspelt_claims(headers);
    let scheme = HeaderValue::from_static(hop.scheme());
    if hop.trusted {
        // A further line means the same as a further element, and costs no copy of what is there.
        headers.append(X_FORWARDED_FOR, hop.peer_value.clone());
        headers.entry(X_FORWARDED_PROTO).or_insert(scheme);
        headers.entry(X_FORWARDED_HOST).or_insert_with(|| host.clone());
    } else {
        headers.insert(X_FORWARDED_FOR, hop.peer_value.clone());
        headers.insert(X_FORWARDED_PROTO, scheme);
        headers.insert(X_FORWARDED_HOST, host.clone());
    }
}

/// This hop as an element of `Forwarded`.
fn forwarded_element(host: &HeaderValue, hop: &Hop<'_>) -> HeaderValue {
    let peer = match hop.peer {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    };
    let quotable = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let host = host.to_str().ok().filter(|host| host.bytes().all(quotable));
    let host = host.map_or_else(String::new, |host| format!(";host=\"{host}\""));
    HeaderValue::from_str(&format!("{peer};proto={}{host}", hop.scheme())).expect("address, scheme and checked host")
}

/// Leaves of the content codings a client accepts those that are known here: a response in another could not be read. A client
/// that accepts none of them gets its response as it is.
pub(crate) fn ask_for_codings(headers: &mut HeaderMap, is_known: impl Fn(&[u8]) -> bool) {
    let Entry::Occupied(accepted) = headers.entry(ACCEPT_ENCODING) else {
        // Without the field, an origin may choose any.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return;
    };
    let (_, values) = accepted.remove_entry_mult();
    let mut known = Vec::new();
    for value in values {
        for element in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let name = element.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            if is_known(name) {
                known.extend_from_slice(if known.is_empty() { b"" } else { b", " });
                known.extend_from_slice(element);
            }
        }
    }
    let value = HeaderValue::from_bytes(&known).ok().filter(|value| !value.is_empty());
    headers.insert(ACCEPT_ENCODING, value.unwrap_or(HeaderValue::from_static("identity")));
}

/// Whether a comma-separated value lists `token`, in any case, parameters aside.
pub(crate) fn lists(value: &HeaderValue, token: &str) -> bool {
    tokens(value).any(|listed| listed.eq_ignore_ascii_case(token.as_bytes()))
}

fn lists_beginning(value: &HeaderValue, prefix: &str) -> bool {
    tokens(value)
        .any(|listed| listed.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes())))
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let parts = value.as_bytes().split(|byte| *byte == b',');
    parts.map(|part| part.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn forward(fields: &[(&'static str, &'static str)], trusted: bool) -> (request::Parts, Option<HeaderValue>) {
        let mut request = Request::builder().uri("/").header(HOST, "shop.example");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let peer_value = HeaderValue::from_static("192.0.2.7");
        let hop = Hop { peer: "192.0.2.7".parse().unwrap(), peer_value: &peer_value, trusted, tls: true };
        let upgrade = to_origin(&mut head, &HeaderValue::from_static("shop.example"), &hop);
        (head, upgrade)
    }

    fn values(head: &request::Parts, name: &str) -> Vec<String> {
        head.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn fields_of_one_connection_do_not_travel() {
        let (head, upgrade) = forward(
            &[
                ("connection", "close, X-Secret, host"),
                ("x-secret", "1"),
                ("keep-alive", "timeout=5"),
                ("te", "gzip, trailers;q=0.5"),
                ("transfer-encoding", "chunked"),
                ("proxy-authorization", "x"),
                ("upgrade", "websocket"),
                ("expect", "100-continue"),
                ("x-kept", "1"),
            ],
            false,
        );
        assert!(upgrade.is_none());
        for gone in
            ["connection", "x-secret", "keep-alive", "transfer-encoding", "proxy-authorization", "upgrade", "expect"]
        {
            assert!(!head.headers.contains_key(gone), "{gone}");
        }
        assert_eq!(values(&head, "te"), ["trailers"]);
        assert_eq!(values(&head, "host"), ["shop.example"]);
        assert_eq!(values(&head, "x-kept"), ["1"]);
    }

    #[test]
    fn what_an_untrusted_peer_claims_is_replaced() {
        let claims = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-host", "evil"),
            ("forwarded", "for=1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("x_forwarded_for", "1.1.1.1"),
            ("x-forwarded_proto", "gopher"),
            ("x_real_ip", "1.1.1.1"),
            ("x_api_key", "stays"),
        ];
        let (head, _) = forward(&claims, false);
        assert_eq!(head.headers.keys().filter(|name| name.as_str().contains('_')).count(), 1);
        assert_eq!(values(&head, "x-forwarded-for"), ["192.0.2.7"]);
        assert_eq!(values(&head, "x-forwarded-proto"), ["https"]);
        assert_eq!(values(&head, "x-forwarded-host"), ["shop.example"]);
        assert_eq!(values(&head, "forwarded"), ["for=192.0.2.7;proto=https;host=\"shop.example\""]);
        assert!(!head.headers.contains_key("x-real-ip"));
    }

    #[test]
    fn what_a_trusted_peer_says_is_added_to() {
        let said = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "http"), ("x-real-ip", "1.1.1.1")];
        let (head, _) = forward(&said, true);
        assert_eq!(values(&head, "x-forwarded-for"), ["1.1.1.1", "192.0.2.7"]);
        assert_eq!(values(&head, "x-forwarded-proto"), ["http"]);
        assert_eq!(values(&head, "x-forwarded-host"), ["shop.example"]);
        assert_eq!(values(&head, "x-real-ip"), ["1.1.1.1"]);
        assert!(!head.headers.contains_key("forwarded"));
    }

    #[test]
    fn only_codings_that_can_be_undone_are_asked_for() {
        let asked = |fields: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in fields {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            ask_for_codings(&mut headers, |name| name == b"gzip" || name == b"br");
            let left: Vec<_> = headers.get_all(ACCEPT_ENCODING).iter().map(|value| value.to_str().unwrap()).collect();
            left.join("|")
        };
        assert_eq!(asked(&["gzip, zstd;q=0.9, br;q=0.5"]), "gzip, br;q=0.5");
        assert_eq!(asked(&["zstd", "br"]), "br");
        assert_eq!(asked(&["*"]), "identity");
        assert_eq!(asked(&[""]), "identity");
        assert_eq!(asked(&[]), "identity");
    }

    #[test]
    fn an_upgrade_is_passed_on_unless_it_is_to_http() {
        let ask = |protocol| forward(&[("connection", "Upgrade"), ("upgrade", protocol)], false).1;
        assert_eq!(ask("websocket").unwrap(), "websocket");
        assert!(ask("h2c").is_none());
        assert!(ask("websocket, H2C").is_none());
        assert!(ask("HTTP/2.0").is_none());
    }
}
