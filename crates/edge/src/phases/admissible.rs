//! What a head must be to be forwarded, in any version, over any version.
//!
//! HTTP/1 comes through the strict gate; HTTP/2 does not, and what is harmless in its frames can become another request in
//! HTTP/1.1 text. hyper's HTTP/2 refuses much of it already. Here everything that matters for the next hop is checked again,
//! so that no parser's leniency decides.
//!
//! Source: RFC 9113 sections 8.2.1, 8.2.2, 8.3.1 and 10.3; RFC 9112 section 3.2.

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version, request};

use crate::forward::lists;
use crate::settings::Limits;

/// Fields HTTP/2 does not have.
const CONNECTION_SPECIFIC: [HeaderName; 5] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Why a request is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Inadmissible {
    #[error("CONNECT is not forwarded")]
    Connect,
    #[error("target is longer than {bytes_max} bytes")]
    TargetTooLong { bytes_max: usize },
    #[error("target holds an octet no target has")]
    TargetOctet,
    #[error("target is no path")]
    TargetForm,
    #[error("no host is named")]
    HostMissing,
    #[error("several hosts are named")]
    HostAmbiguous,
    #[error("the host holds an octet no host has")]
    HostOctet,
    #[error("more than {fields_max} header fields")]
    FieldsTooMany { fields_max: usize },
    #[error("a field of the connection within HTTP/2")]
    ConnectionField,
    #[error("a field value begins or ends with white space or holds a control")]
    FieldOctet,
    #[error("several or malformed lengths")]
    Length,
}

impl Inadmissible {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::TargetTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::FieldsTooMany { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Checks a head. Returns the host it is for, and makes sure that rules find it in the `Host` field too.
pub(super) fn admissible(head: &mut request::Parts, limits: &Limits) -> Result<HeaderValue, Inadmissible> {
    let connects = head.method == Method::CONNECT;
    if connects && (!limits.tolerated.connect || head.version == Version::HTTP_2) {
        return Err(Inadmissible::Connect);
    }
    if !connects {
        name_root(head);
        check_target(head, limits)?;
    }
    if head.headers.len() > limits.headers_max {
        return Err(Inadmissible::FieldsTooMany { fields_max: limits.headers_max });
    }
    if head.version == Version::HTTP_2 {
        check_http2_fields(head)?;
        join_cookies(head);
    }
    let host = host(head)?;
    if !head.headers.contains_key(HOST) {
        head.headers.insert(HOST, host.clone());
    }
    Ok(host)
}

/// Writes the `/` that an absolute target of HTTP/1 may leave out before its query: whoever stands behind gets a path.
///
/// Source: RFC 9110 section 4.2.3.
fn name_root(head: &mut request::Parts) {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if head.version == Version::HTTP_2 || !target.starts_with('?') {
        return;
    }
    let rooted = PathAndQuery::try_from(format!("/{target}"));
    let mut parts = head.uri.clone().into_parts();
    parts.path_and_query = rooted.ok();
    // What cannot be put together stays as it is, and is refused for it.
    if let Ok(uri) = Uri::from_parts(parts) {
        head.uri = uri;
    }
}

/// Joins the crumbs that HTTP/2 may cut a Cookie field into, so that rules and servers see the field as HTTP/1 has it.
///
/// Source: RFC 9113 section 8.2.3.
fn join_cookies(head: &mut request::Parts) {
    if head.headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let joined =
        head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(b"; ".as_slice());
    let joined = HeaderValue::from_bytes(&joined).expect("field values joined by visible octets are a field value");
    head.headers.insert(COOKIE, joined);
}

fn check_target(head: &request::Parts, limits: &Limits) -> Result<(), Inadmissible> {
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    if target.len() > limits.uri_bytes_max {
        return Err(Inadmissible::TargetTooLong { bytes_max: limits.uri_bytes_max });
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Inadmissible::TargetOctet);
    }
    let all = target == "*" && head.method == Method::OPTIONS;
    if target.starts_with('/') || all { Ok(()) } else { Err(Inadmissible::TargetForm) }
}

fn check_http2_fields(head: &request::Parts) -> Result<(), Inadmissible> {
    let headers = &head.headers;
    if CONNECTION_SPECIFIC.iter().any(|name| headers.contains_key(name)) {
        return Err(Inadmissible::ConnectionField);
    }
    let mut te = headers.get_all(TE).iter();
    if te.any(|value| !lists(value, "trailers") || value.as_bytes().contains(&b',')) {
        return Err(Inadmissible::ConnectionField);
    }
    for value in headers.values().map(HeaderValue::as_bytes) {
        let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        let control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        if blank(value.first()) || blank(value.last()) || value.iter().any(control) {
            return Err(Inadmissible::FieldOctet);
        }
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let plain = |value: &HeaderValue| {
        let digits = value.as_bytes();
        (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    };
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(()),
        (Some(length), None) if plain(length) => Ok(()),
        _ => Err(Inadmissible::Length),
    }
}

/// The one host a request names: in its target, in its `Host` field, or alike in both.
fn host(head: &request::Parts) -> Result<HeaderValue, Inadmissible> {
    let mut fields = head.headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(Inadmissible::HostAmbiguous);
    }
    let host = match (head.uri.authority(), field) {
        (None, None) if head.version == Version::HTTP_10 => HeaderValue::from_static(""),
        (None, None) => return Err(Inadmissible::HostMissing),
        (None, Some(field)) => field.clone(),
        // Tolerated, or it would not have come so far.
        (Some(_), Some(field)) if head.method == Method::CONNECT => field.clone(),
        (Some(authority), Some(field)) if !field.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            return Err(Inadmissible::HostAmbiguous);
        }
        (Some(authority), _) => HeaderValue::from_str(authority.as_str()).map_err(|_| Inadmissible::HostOctet)?,
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]!$&'()*+,;=%".contains(byte);
    if host.as_bytes().iter().all(plain) { Ok(host) } else { Err(Inadmissible::HostOctet) }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::settings::Tolerated;

    fn check(version: Version, method: &str, uri: &str, fields: &[(&str, &[u8])]) -> Result<String, Inadmissible> {
        let mut request = Request::builder().version(version).method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let host = admissible(&mut head, &Limits { headers_max: 4, ..Limits::default() })?;
        assert_eq!(head.headers.get_all(HOST).iter().count(), 1);
        Ok(host.to_str().unwrap().to_owned())
    }

    fn h2(uri: &str, fields: &[(&str, &[u8])]) -> Result<String, Inadmissible> {
        check(Version::HTTP_2, "POST", uri, fields)
    }

    #[test]
    fn cookie_crumbs_of_http2_are_joined() {
        let request = Request::builder()
            .version(Version::HTTP_2)
            .uri("https://a/")
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        admissible(&mut head, &Limits::default()).unwrap();
        assert_eq!(head.headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }

    #[test]
    fn a_plain_request_names_its_host() {
        assert_eq!(h2("https://shop.example/a?b", &[]).unwrap(), "shop.example");
        assert_eq!(h2("https://shop.example/", &[("host", b"SHOP.example")]).unwrap(), "shop.example");
        assert_eq!(check(Version::HTTP_11, "GET", "/", &[("host", b"a:80")]).unwrap(), "a:80");
        assert_eq!(check(Version::HTTP_11, "OPTIONS", "*", &[("host", b"a")]).unwrap(), "a");
        assert_eq!(check(Version::HTTP_10, "GET", "/", &[]).unwrap(), "");
        assert_eq!(h2("https://a/", &[("te", b"trailers"), ("content-length", b"5")]).unwrap(), "a");
    }

    #[test]
    fn an_absolute_target_without_a_path_gets_one() {
        let request = |version| Request::builder().version(version).uri("http://shop.example?a=/b").body(()).unwrap();
        let (mut head, ()) = request(Version::HTTP_11).into_parts();
        admissible(&mut head, &Limits::default()).unwrap();
        assert_eq!(head.uri, "http://shop.example/?a=/b");
        let (mut head, ()) = request(Version::HTTP_2).into_parts();
        assert_eq!(admissible(&mut head, &Limits::default()).unwrap_err(), Inadmissible::TargetForm);
    }

    #[test]
    fn what_would_be_another_request_in_http1_is_refused() {
        use Inadmissible as No;
        let fields: [(&str, &[u8], Inadmissible); 12] = [
            ("transfer-encoding", b"chunked", No::ConnectionField),
            ("connection", b"close", No::ConnectionField),
            ("upgrade", b"h2c", No::ConnectionField),
            ("keep-alive", b"x", No::ConnectionField),
            ("proxy-connection", b"x", No::ConnectionField),
            ("te", b"trailers, chunked", No::ConnectionField),
            ("te", b"gzip", No::ConnectionField),
            ("x", b" padded", No::FieldOctet),
            ("x", b"padded\t", No::FieldOctet),
            ("content-length", b"+5", No::Length),
            ("content-length", b"5,5", No::Length),
            ("host", b"other.example", No::HostAmbiguous),
        ];
        for (name, value, expected) in fields {
            assert_eq!(h2("https://a/", &[(name, value)]).unwrap_err(), expected, "{name}");
        }
        assert_eq!(h2("https://a/", &[("content-length", b"5"), ("content-length", b"5")]).unwrap_err(), No::Length);
        assert_eq!(check(Version::HTTP_11, "CONNECT", "a:443", &[]).unwrap_err(), No::Connect);
        assert_eq!(check(Version::HTTP_11, "GET", "*", &[("host", b"a")]).unwrap_err(), No::TargetForm);
        assert_eq!(check(Version::HTTP_11, "GET", "/", &[]).unwrap_err(), No::HostMissing);
        assert_eq!(check(Version::HTTP_11, "GET", "/", &[("host", b"a b")]).unwrap_err(), No::HostOctet);
        assert_eq!(check(Version::HTTP_11, "GET", "/", &[("host", b"a/b")]).unwrap_err(), No::HostOctet);
    }

    #[test]
    fn connect_is_for_the_host_its_field_names_where_it_is_tolerated() {
        let request = |version| {
            let request = Request::builder().method("CONNECT").version(version).uri("a:443").header("host", "b");
            request.body(()).unwrap().into_parts().0
        };
        let tolerated = Tolerated { connect: true, ..Tolerated::default() };
        let limits = Limits { tolerated, ..Limits::default() };
        assert_eq!(admissible(&mut request(Version::HTTP_11), &limits).unwrap(), "b");
        assert_eq!(admissible(&mut request(Version::HTTP_2), &limits).unwrap_err(), Inadmissible::Connect);
        assert_eq!(admissible(&mut request(Version::HTTP_11), &Limits::default()).unwrap_err(), Inadmissible::Connect);
    }

    #[test]
    fn limits_are_kept() {
        let long = format!("https://a/{}", "x".repeat(9000));
        assert_eq!(h2(&long, &[]).unwrap_err().status(), StatusCode::URI_TOO_LONG);
        let fields: Vec<(&str, &[u8])> = vec![("x", b"1"); 5];
        assert_eq!(h2("https://a/", &fields).unwrap_err().status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
}
