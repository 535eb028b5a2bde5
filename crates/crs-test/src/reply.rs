//! A response as it comes over a connection.
//!
//! Source: RFC 9112 section 6.3. Only as strict as it takes to find where a response ends.

use crate::outcome::Response;

/// The bytes are no HTTP/1 response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoReply;

/// The response that `bytes` begin with; `None` if more must come. Interim responses are stepped over.
///
/// `to_head` says whether the request was HEAD, `ended` whether no more bytes will come.
///
/// # Errors
///
/// [`NoReply`] if the bytes are no response, or end within its head.
pub fn reply(bytes: &[u8], to_head: bool, ended: bool) -> Result<Option<Response>, NoReply> {
    let mut rest = bytes;
    loop {
        let Some(head_bytes) = find(rest, b"\r\n\r\n") else {
            let begins_well = b"HTTP/1.".starts_with(&rest[..rest.len().min(7)]) || rest.starts_with(b"HTTP/1.");
            return if ended || !begins_well { Err(NoReply) } else { Ok(None) };
        };
        let mut response = head(&rest[..head_bytes])?;
        rest = &rest[head_bytes + 4..];
        if (100..200).contains(&response.status) && response.status != 101 {
            continue;
        }
        let has_body = !to_head && !matches!(response.status, 101 | 204 | 304);
        return Ok(match has_body.then(|| body(&response, rest, ended)) {
            Some(None) => None,
            Some(Some(body)) => {
                response.body = body;
                Some(response)
            }
            None => Some(response),
        });
    }
}

fn head(bytes: &[u8]) -> Result<Response, NoReply> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let status_line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")).ok_or(NoReply)?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(NoReply)?;
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Ok(Response { status, headers: lines.filter_map(header).collect(), body: Vec::new() })
}

/// The body, if it is whole; when no more comes, what is there of it.
fn body(response: &Response, bytes: &[u8], ended: bool) -> Option<Vec<u8>> {
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let (body, is_whole) = joined(bytes);
        return (is_whole || ended).then_some(body);
    }
    let length = response.header("content-length").and_then(|length| length.parse::<usize>().ok());
    match length {
        Some(length) => (bytes.len() >= length || ended).then(|| bytes[..length.min(bytes.len())].to_vec()),
        None => ended.then(|| bytes.to_vec()),
    }
}

/// The content of chunks, and whether they are all there.
fn joined(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line_end) = find(bytes, b"\r\n") {
        let line = String::from_utf8_lossy(&bytes[..line_end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        let chunk = &bytes[line_end + 2..];
        if size == 0 {
            return (body, find(&bytes[line_end..], b"\r\n\r\n").is_some());
        }
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        let Some(after) = size.checked_add(2).and_then(|skip| chunk.get(skip..)) else { break };
        bytes = after;
    }
    (body, false)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, ended: bool, expect: Result<Option<(u16, &str)>, NoReply>) {
        let found = reply(bytes.as_bytes(), false, ended);
        let found = found.map(|found| found.map(|it| (it.status, String::from_utf8(it.body).unwrap())));
        assert_eq!(found, expect.map(|it| it.map(|(status, body)| (status, body.to_owned()))), "{bytes:?}");
    }

    #[test]
    fn a_response_ends_where_its_framing_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", false, Ok(Some((200, "ab"))));
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", false, Ok(None));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\n\r\n",
            false,
            Ok(Some((200, "ab"))),
        );
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", false, Ok(None));
        check("HTTP/1.0 404 X\r\n\r\nab", false, Ok(None));
        check("HTTP/1.0 404 X\r\n\r\nab", true, Ok(Some((404, "ab"))));
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 X\r\n\r\n", false, Ok(Some((204, ""))));
    }

    #[test]
    fn what_is_no_response_is_none() {
        check("", false, Ok(None));
        check("", true, Err(NoReply));
        check("HTT", false, Ok(None));
        check("HTTP/1.1 200 OK\r\n", true, Err(NoReply));
        check("<html>", false, Err(NoReply));
        check("HTTP/1.1 x\r\n\r\n", false, Err(NoReply));
    }
}
