//! The bytes of a request, as `go-ftw` sends them.
//!
//! Source: `go-ftw` (`ftwhttp`): order of headers, what is added to them, and what becomes of the data.

use crate::form;
use crate::input::Input;
use crate::outcome::Response;

const FORM: &str = "application/x-www-form-urlencoded";

/// What earlier stages of a test left behind for a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Where the last response sent its client.
    pub location: Option<String>,
    /// Names and values of cookies to send.
    pub cookies: Vec<(String, String)>,
}

impl Memory {
    /// Keeps what a response to `input` leaves behind.
    pub(crate) fn learn(&mut self, input: &Input, response: Option<&Response>) {
        let Some(response) = response else { return };
        self.location = response.header("location").map(str::to_owned);
        if !input.saves_cookies {
            return;
        }
        for (_, value) in response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let pair = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.retain(|(known, _)| known != name.trim());
                self.cookies.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
}

/// Writes a request. Nothing is checked: tests break HTTP on purpose.
#[must_use]
pub fn request(input: &Input, memory: &Memory) -> Vec<u8> {
    if let Some(whole) = &input.whole {
        return whole.clone();
    }
    let mut headers = input.headers.clone();
    let mut data = input.data.clone();
    if input.completes && !data.is_empty() {
        add_missing(&mut headers, "Content-Type", || FORM.to_owned());
        if values(&headers, "content-type").any(|value| value.eq_ignore_ascii_case(FORM)) {
            data = form::encoded(&data);
        }
    }
    if values(&headers, "content-type").any(|value| value.to_ascii_lowercase().contains("multipart/form-data;")) {
        data = with_line_ends(&data);
    }
    if !memory.cookies.is_empty() {
        let cookies: Vec<_> = memory.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        add_missing(&mut headers, "Cookie", || cookies.join("; "));
    }
    if input.completes {
        add_missing(&mut headers, "Connection", || "close".to_owned());
        if !data.is_empty() || may_have_body(&input.method) {
            add_missing(&mut headers, "Content-Length", || data.len().to_string());
        }
    }
    let uri = memory.location.as_ref().filter(|_| input.follows_redirect).unwrap_or(&input.uri);
    let mut bytes = format!("{} {uri} {}\r\n", input.method, input.version).into_bytes();
    for (name, value) in &headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&data);
    bytes
}

fn values<'h>(headers: &'h [(String, String)], name: &'static str) -> impl Iterator<Item = &'h str> {
    headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn add_missing(headers: &mut Vec<(String, String)>, name: &str, value: impl FnOnce() -> String) {
    if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        headers.push((name.to_owned(), value()));
    }
}

/// As `go-ftw` has it: `^POST|PUT|PATCH|DELETE$`, whose anchors bind only their own alternatives.
fn may_have_body(method: &str) -> bool {
    method.starts_with("POST") || method.contains("PUT") || method.contains("PATCH") || method.ends_with("DELETE")
}

/// CR before every LF: the lines of a multipart body end with both.
fn with_line_ends(data: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(data.len() + data.len() / 16);
    for byte in data {
        if *byte == b'\n' {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(headers: &[(&str, &str)], method: &str, data: &str) -> Input {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Input { headers, method: method.to_owned(), data: data.as_bytes().to_vec(), ..Input::default() }
    }

    #[track_caller]
    fn check(input: &Input, expect: &str) {
        assert_eq!(String::from_utf8(request(input, &Memory::default())).unwrap(), expect);
    }

    #[test]
    fn missing_headers_are_added_at_the_end() {
        check(&input(&[("Host", "a")], "GET", ""), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        check(
            &input(&[("Host", "a"), ("connection", "keep-alive")], "POST", ""),
            "POST / HTTP/1.1\r\nHost: a\r\nconnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        );
    }

    #[test]
    fn data_is_a_form_unless_a_header_says_otherwise() {
        check(
            &input(&[], "POST", "a=<b>"),
            "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
             Content-Length: 9\r\n\r\na=%3Cb%3E",
        );
        check(
            &input(&[("Content-Type", "text/plain")], "POST", "a=<b>"),
            "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 5\r\n\r\na=<b>",
        );
    }

    #[test]
    fn the_lines_of_a_multipart_body_end_with_crlf_even_where_nothing_is_added() {
        let mut input = input(&[("content-type", "Multipart/Form-Data; boundary=b")], "POST", "--b\nx\n");
        input.completes = false;
        check(&input, "POST / HTTP/1.1\r\ncontent-type: Multipart/Form-Data; boundary=b\r\n\r\n--b\r\nx\r\n");
    }

    #[test]
    fn a_stage_goes_where_it_was_sent_with_the_cookies_it_got() {
        let input = Input { follows_redirect: true, completes: false, ..input(&[], "GET", "") };
        let cookies = vec![("s".to_owned(), "1".to_owned()), ("t".to_owned(), "2".to_owned())];
        let memory = Memory { location: Some("/there".to_owned()), cookies };
        assert_eq!(request(&input, &memory), b"GET /there HTTP/1.1\r\nCookie: s=1; t=2\r\n\r\n");
    }
}
