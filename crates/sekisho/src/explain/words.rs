//! Bytes, names and colours of explanations.

use sekisho_waf::ir::{
    Action, AddressSource, Comparison, Field, ForwardedPosition, JsonMatch, JsonPattern, MapMatch, MapPattern,
    MapScope, Position, PreParse, TokenKind,
};

/// Bytes shown of one value.
const SHOWN_BYTES_MAX: usize = 96;

/// Bytes as printable text: escaped, and cut with a note of how much is missing.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut end = bytes.len().min(SHOWN_BYTES_MAX);
    while end > 0 && end < bytes.len() && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let mut text = String::new();
    for chunk in bytes[..end].utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || is_invisible(character) {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if end < bytes.len() {
        text.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    text
}

/// Characters that would reorder or hide what a terminal shows.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// An action by its AWS name.
pub(super) fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Allow { .. } => "Allow",
        Action::Block(_) => "Block",
        Action::Count { .. } => "Count",
        Action::Captcha(_) => "Captcha",
        Action::Challenge(_) => "Challenge",
    }
}

/// What a token proves, in words.
pub(super) fn solution_name(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Captcha => "a solved CAPTCHA",
        TokenKind::Challenge => "a met challenge",
    }
}

/// A part of the request in words.
pub(super) fn field_name(field: &Field) -> String {
    match field {
        Field::Method => "method".to_owned(),
        Field::UriPath => "URI path".to_owned(),
        Field::QueryString => "query string".to_owned(),
        Field::UriFragment => "URI fragment".to_owned(),
        Field::SingleHeader(name) => format!("header {name}"),
        Field::SingleQueryArgument { name, pre_parse } => {
            format!("query argument {}{}", shown(name.as_bytes()), made_ready(pre_parse))
        }
        Field::AllQueryArguments { pre_parse } => format!("query arguments{}", made_ready(pre_parse)),
        Field::Headers(entries) => entries_name("headers", entries),
        Field::Cookies(entries) => entries_name("cookies", entries),
        Field::Body => "body".to_owned(),
        Field::JsonBody(wanted) => json_name(wanted),
        Field::BodyValues => "values in the body".to_owned(),
        Field::HeaderOrder => "header order".to_owned(),
        Field::Ja3 => "JA3 fingerprint".to_owned(),
        Field::Ja4 => "JA4 fingerprint".to_owned(),
    }
}

/// What is done to the query string first.
fn made_ready(steps: &[PreParse]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let steps = steps.iter().map(|step| match step {
        PreParse::UrlDecode => "URL_DECODE",
        PreParse::UrlDecodeUni => "URL_DECODE_UNI",
        PreParse::CombineDuplicates => "COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA",
        PreParse::SemicolonsToAmpersands => "REPLACE_SEMICOLONS_WITH_AMPERSANDS",
    });
    format!(" of the query string after {},", steps.collect::<Vec<_>>().join(" → "))
}

fn json_name(wanted: &JsonMatch) -> String {
    let what = match wanted.scope {
        MapScope::Key => "keys",
        MapScope::Value => "values",
        MapScope::All => "keys and values",
    };
    match &wanted.pattern {
        JsonPattern::All => format!("{what} of the JSON body"),
        JsonPattern::Included(pointers) => {
            let places: Vec<_> =
                pointers.as_slice().iter().map(|pointer| shown(pointer.to_string().as_bytes())).collect();
            format!("{what} of the JSON body at {}", places.join(", "))
        }
    }
}

fn entries_name(what: &str, entries: &MapMatch) -> String {
    let side = match entries.scope {
        MapScope::Key => " (names)",
        MapScope::Value => " (values)",
        MapScope::All => "",
    };
    match &entries.pattern {
        MapPattern::All => format!("{what}{side}"),
        MapPattern::Included(names) => format!("{what} {}{side}", names.join(", ")),
        MapPattern::Excluded(names) => format!("{what} but {}{side}", names.join(", ")),
    }
}

/// A comparison as a sign.
pub(super) fn comparison_sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "≠",
        Comparison::Le => "≤",
        Comparison::Lt => "<",
        Comparison::Ge => "≥",
        Comparison::Gt => ">",
    }
}

/// A literal's position as a verb.
pub(super) fn position_verb(position: Position) -> &'static str {
    match position {
        Position::Exactly => "is exactly",
        Position::StartsWith => "starts with",
        Position::EndsWith => "ends with",
        Position::Contains => "contains",
        Position::ContainsWord => "contains the word",
    }
}

/// Whose address.
pub(super) fn source_name(source: &AddressSource) -> String {
    match source {
        AddressSource::Client => "client address".to_owned(),
        AddressSource::Forwarded { header, position, .. } => {
            let position = match position {
                ForwardedPosition::First => "first",
                ForwardedPosition::Last => "last",
                ForwardedPosition::Any => "any",
            };
            format!("{position} address in {header}")
        }
    }
}

/// Colours, where the terminal shows them.
pub(super) struct Style {
    color: bool,
}

impl Style {
    pub(super) fn new(color: bool) -> Self {
        Self { color }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn alert(&self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(super) fn calm(&self, text: &str) -> String {
        self.paint("1;32", text)
    }

    pub(super) fn strong(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }
}
