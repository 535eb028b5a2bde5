//! The interstitial pages, put together: one for challenges, one for puzzles.
//!
//! Style and script stand in the page, and a Content-Security-Policy allows those two by their hashes and nothing else; what
//! differs from request to request stands in attributes, and nothing of it comes from the client.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::endpoint::ENDPOINT;
use super::picture::SIZE;

/// The language a page is shown in at first; both are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Japanese,
}

/// A page's fixed part.
pub(super) struct Template {
    /// Text and the names of what stands between, in turn.
    pieces: Vec<Piece>,
    /// The value of Content-Security-Policy.
    pub(super) policy: String,
}

enum Piece {
    Text(String),
    Slot(&'static str),
}

/// What differs from request to request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) language: Language,
    pub(super) task: &'a str,
    pub(super) bits: u8,
    pub(super) method: &'a str,
    pub(super) request: &'a str,
    /// A PNG file; empty for challenges.
    pub(super) picture: &'a [u8],
}

pub(super) static CHALLENGE: LazyLock<Template> =
    LazyLock::new(|| Template::new(include_str!("page/challenge.html"), include_str!("page/challenge.js")));
pub(super) static CAPTCHA: LazyLock<Template> =
    LazyLock::new(|| Template::new(include_str!("page/captcha.html"), include_str!("page/captcha.js")));

const STYLE: &str = include_str!("page/page.css");
const COMMON: &str = include_str!("page/common.js");
const SLOTS: [&str; 7] = ["lang", "task", "bits", "method", "request", "picture", "endpoint"];

impl Language {
    /// The one a client prefers. Source: RFC 9110 section 12.5.4.
    pub(super) fn preferred(accept_language: &[u8]) -> Self {
        let mut best = (0, Self::English);
        for range in accept_language.split(|&byte| byte == b',') {
            let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            let tag = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix(b"q=")).map_or(1000, weight);
            let primary = tag.split(|&byte| byte == b'-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_slice() {
                b"ja" => Self::Japanese,
                b"en" => Self::English,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }
}

/// A weight in thousandths.
fn weight(text: &[u8]) -> u32 {
    let weight: f32 = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (weight.clamp(0.0, 1.0) * 1000.0) as u32
}

impl Template {
    fn new(html: &str, script: &str) -> Self {
        let script = format!("{COMMON}{script}");
        let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
            hash(&script),
            hash(STYLE)
        );
        let html = html
            .replace("{{width}}", &SIZE.0.to_string())
            .replace("{{height}}", &SIZE.1.to_string())
            .replace("{{style}}", STYLE)
            .replace("{{script}}", &script);
        Self { pieces: cut(&html), policy }
    }

    /// The page.
    pub(super) fn fill(&self, filling: &Filling<'_>) -> String {
        let mut page = String::with_capacity(16 * 1024 + filling.picture.len() * 4 / 3);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => page.push_str(text),
                Piece::Slot("lang") => page.push_str(filling.language.tag()),
                Piece::Slot("task") => page.push_str(filling.task),
                Piece::Slot("bits") => page.push_str(&filling.bits.to_string()),
                Piece::Slot("method") => page.push_str(filling.method),
                Piece::Slot("request") => page.push_str(filling.request),
                Piece::Slot("endpoint") => page.push_str(ENDPOINT),
                Piece::Slot(_) => page.push_str(&data_url(filling.picture)),
            }
        }
        page
    }
}

/// A picture as a URL that holds it.
pub(super) fn data_url(picture: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(picture))
}

/// Cuts a page at its slots. Braces that are no slot stay.
fn cut(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = html;
    let next = |rest: &str| {
        let found = SLOTS.iter().filter_map(|slot| Some((rest.find(&format!("{{{{{slot}}}}}"))?, *slot)));
        found.min()
    };
    while let Some((at, slot)) = next(rest) {
        pieces.push(Piece::Text(rest[..at].to_owned()));
        pieces.push(Piece::Slot(slot));
        rest = &rest[at + slot.len() + 4..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_the_one_with_the_greatest_weight() {
        for (accepted, language) in [
            ("", Language::English),
            ("ja", Language::Japanese),
            ("ja-JP,ja;q=0.9,en;q=0.8", Language::Japanese),
            ("en-US,en;q=0.9,ja;q=0.8", Language::English),
            ("fr, en;q=0.2, JA;q=0.3", Language::Japanese),
            ("ja;q=0", Language::English),
            ("ja;q=nonsense, \u{fffd}", Language::English),
        ] {
            assert_eq!(Language::preferred(accepted.as_bytes()), language, "{accepted}");
        }
    }

    #[test]
    fn pages_are_filled_and_hold_nothing_from_outside() {
        let filling = Filling {
            language: Language::Japanese,
            task: "TASK",
            bits: 16,
            method: "GET",
            request: "1-2-3",
            picture: b"png",
        };
        for template in [&*CHALLENGE, &*CAPTCHA] {
            let page = template.fill(&filling);
            assert!(page.starts_with("<!doctype html>\n<html lang=\"ja\">"));
            assert!(page.contains("data-task=\"TASK\" data-bits=\"16\" data-method=\"GET\""), "{page}");
            assert!(!page.contains("{{"));
            assert!(!page.contains("://"));
            assert!(!template.policy.contains("unsafe") && template.policy.contains("default-src 'none'"));
        }
        assert!(CAPTCHA.fill(&filling).contains("src=\"data:image/png;base64,cG5n\""));
    }
}
