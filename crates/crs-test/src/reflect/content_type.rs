//! The content type of a body, by its first bytes.
//!
//! Source: the MIME Sniffing Standard, section 7.1, as far as rules on responses tell types apart: text, markup, JSON and
//! the rest.

/// As many bytes as are looked at; section 5.2.
const HEAD_BYTES_MAX: usize = 512;

const MARKUP: [&[u8]; 17] = [
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

/// The content type of a body.
pub(super) fn of(body: &[u8]) -> &'static str {
    let head = &body[..body.len().min(HEAD_BYTES_MAX)];
    let start = head.trim_ascii_start();
    let is_markup = |tag: &&[u8]| {
        let ends = start.get(tag.len()).is_some_and(|byte| matches!(byte, b' ' | b'>'));
        start.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag)) && (ends || *tag == b"<!--")
    };
    if MARKUP.iter().any(is_markup) {
        return "text/html; charset=utf-8";
    }
    if start.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if head.starts_with(b"%PDF-") {
        return "application/pdf";
    }
    let is_binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if head.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn types_are_told_by_the_first_bytes() {
        for (body, expected) in [
            (&b"  <html>"[..], "text/html; charset=utf-8"),
            (b"<!-- x", "text/html; charset=utf-8"),
            (b"<a href>", "text/html; charset=utf-8"),
            (b"<abbr>", "text/plain; charset=utf-8"),
            (b"<html", "text/plain; charset=utf-8"),
            (b"<?xml version", "text/xml; charset=utf-8"),
            (b"<?php", "text/plain; charset=utf-8"),
            (b"%PDF-1.4", "application/pdf"),
            (b"a\x00", "application/octet-stream"),
            (b"{\"a\": 1}", "text/plain; charset=utf-8"),
            (b"", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(of(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
