//! The service behind both engines: answers everything with a short page, and `/reflect` with what the request asks for.
//!
//! Source of the reflection: the backend of go-ftw's tests, albedo: a JSON body of `status`, `headers`, `body` and
//! `encodedBody` (base64).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Longest head and longest body that are read, in bytes.
const HEAD_BYTES_MAX: u64 = 1 << 20;
const BODY_BYTES_MAX: u64 = 64 << 20;

/// Serves until the program ends; returns where.
///
/// # Errors
///
/// If no port is free.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("bind the origin")?;
    let address = listener.local_addr().context("read the origin's address")?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that breaks off concerns nobody else.
            std::thread::spawn(move || drop(serve(&stream)));
        }
    });
    Ok(address)
}

fn serve(stream: &TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut limited = (&mut reader).take(HEAD_BYTES_MAX);
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let body = read_body(&head, &mut reader)?;
    let mut target = head.split(' ').skip(1);
    let answer = match target.next() {
        Some(path) if path.starts_with("/reflect") => reflection(&body),
        _ => None,
    };
    let mut stream = stream;
    stream.write_all(
        &answer.unwrap_or_else(|| page(200, &[], b"<html><body>A small page.</body></html>", "text/html")),
    )?;
    Ok(())
}

fn read_body(head: &str, reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let head = head.to_ascii_lowercase();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let mut body = Vec::new();
    if field("transfer-encoding:").is_some_and(|coding| coding.contains("chunked")) {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim().split(';').next().unwrap_or_default(), 16).unwrap_or(0);
            reader.by_ref().take(size.min(BODY_BYTES_MAX)).read_to_end(&mut body)?;
            let mut end = String::new();
            reader.read_line(&mut end)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let length: u64 = field("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length.min(BODY_BYTES_MAX)).read_to_end(&mut body)?;
    Ok(body)
}

/// The response a body asks for; none if it does not.
fn reflection(body: &[u8]) -> Option<Vec<u8>> {
    let wanted: Value = serde_json::from_slice(body).ok()?;
    let text = match wanted["encodedBody"].as_str() {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => wanted["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
    };
    let fields: Vec<(&str, &str)> = wanted["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let status = wanted["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    Some(page(status, &fields, &text, "text/plain; charset=utf-8"))
}

fn page(status: u16, fields: &[(&str, &str)], body: &[u8], kind: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Reflected\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reflection_says_what_it_was_asked_to() -> Result<()> {
        let mut stream = TcpStream::connect(start()?)?;
        let body = r#"{"status": 418, "headers": {"X-A": "b"}, "encodedBody": "aGk="}"#;
        write!(stream, "POST /reflect HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 418 ") && answer.contains("\r\nX-A: b\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nhi"), "{answer}");
        Ok(())
    }

    #[test]
    fn a_chunked_body_is_put_together() -> Result<()> {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(read_body(head, &mut b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n".as_slice())?, b"abc");
        Ok(())
    }
}
