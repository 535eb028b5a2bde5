//! What stands behind the checkpoint while tests run: it answers as a request asks it to.
//!
//! Source: the documentation of `albedo`, the backend of `go-ftw`.

mod connection;
mod content_type;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::outcome::Response;

pub use connection::Connection;

/// The answer to a request: what the JSON of a POST to `/reflect` describes (`status`, `headers`, `body` or `encodedBody`),
/// and an empty 200 for everything else.
///
/// A body without a type gets one by its first bytes, as rules look at bodies of some types only.
#[must_use]
pub fn respond(method: &[u8], path: &[u8], body: &[u8]) -> Response {
    let is_reflection = path.strip_prefix(b"/reflect").is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
    let mut response = match method == b"POST" && is_reflection {
        true => reflection(body).unwrap_or_else(|problem| refusal(&problem)),
        false => Response { status: 200, ..Response::default() },
    };
    if !response.body.is_empty() && response.header("content-type").is_none() {
        let content_type = content_type::of(&response.body).to_owned();
        response.headers.push(("Content-Type".to_owned(), content_type));
    }
    response
}

fn refusal(problem: &str) -> Response {
    Response { status: 400, headers: Vec::new(), body: problem.as_bytes().to_vec() }
}

/// The response a specification describes.
fn reflection(specification: &[u8]) -> Result<Response, String> {
    let invalid = |_| "Invalid JSON in request body".to_owned();
    let specification: Value = serde_json::from_slice(specification).map_err(invalid)?;
    let text = |field: &str| specification.get(field).and_then(Value::as_str).unwrap_or_default();
    let status = specification.get("status").map_or(Some(0), Value::as_u64).and_then(|status| status.try_into().ok());
    let status = match status {
        Some(0) => 200,
        Some(status @ 100..600) => status,
        _ => return Err("Invalid status code".to_owned()),
    };
    let body = match text("body") {
        "" => STANDARD.decode(text("encodedBody")).map_err(|_| "invalid base64 encoding of response body")?,
        body => body.as_bytes().to_vec(),
    };
    let headers = specification.get("headers").and_then(Value::as_object).into_iter().flatten();
    let header = |(name, value): (&String, &Value)| {
        let value = value.as_str()?;
        (is_name(name) && is_value(value)).then(|| (name.clone(), value.to_owned()))
    };
    Ok(Response { status, headers: headers.filter_map(header).collect(), body })
}

/// Whether HTTP has such header names; those it has not are left out.
fn is_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte >= b' ' && byte != 0x7f || byte == b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_is_answered_as_it_says() {
        let specification = br#"{"status": 404, "headers": {"X-A": "b", "bad name": "c"}, "body": "<?php echo 1;"}"#;
        let response = respond(b"POST", b"/reflect", specification);
        assert_eq!(response.status, 404);
        assert_eq!(response.header("x-a"), Some("b"));
        assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!((response.headers.len(), response.body.as_slice()), (2, &b"<?php echo 1;"[..]));
        let response = respond(b"POST", b"/reflect/x", br#"{"encodedBody": "PGh0bWw+"}"#);
        assert_eq!((response.status, response.header("content-type")), (200, Some("text/html; charset=utf-8")));
    }

    #[test]
    fn a_bad_specification_is_refused_and_anything_else_is_fine() {
        for body in ["", "{", r#"{"status": 600}"#, r#"{"status": -1}"#, r#"{"encodedBody": "*"}"#] {
            assert_eq!(respond(b"POST", b"/reflect", body.as_bytes()).status, 400, "{body}");
        }
        for (method, path) in [("GET", "/reflect"), ("POST", "/reflected"), ("POST", "/")] {
            let response = respond(method.as_bytes(), path.as_bytes(), br#"{"status": 404}"#);
            assert_eq!(response, Response { status: 200, ..Response::default() }, "{method} {path}");
        }
    }
}
