//! YAML that every reader reads the same, of version 1.1 or 1.2.

use crate::forms::json::quote;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::forms) enum Yaml {
    /// Written as it is: a number, a boolean, a tagged word.
    Raw(String),
    /// Text, in quotes where it needs them.
    Text(String),
    List(Vec<Yaml>),
    /// A list in one line, if it is short.
    Line(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
    /// A map in one line, if it is short.
    Flow(Vec<(String, Yaml)>),
}

/// Lists and maps in one line are no longer than this, in bytes.
const LINE_BYTES_MAX: usize = 100;

impl Yaml {
    pub(in crate::forms) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Writes a value that starts on the line that is open, `depth` columns from the margin.
    pub(in crate::forms) fn write(&self, depth: usize, out: &mut String) {
        match self {
            Self::Map(entries) | Self::Flow(entries) if !entries.is_empty() && !self.is_line() => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        new_line(depth, out);
                    }
                    write_key(key, out);
                    value.write_after_key(depth, out);
                }
            }
            Self::List(items) | Self::Line(items) if !items.is_empty() && !self.is_line() => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        new_line(depth, out);
                    }
                    out.push_str("- ");
                    item.write(depth + 2, out);
                }
            }
            _ => out.push_str(&self.line()),
        }
    }

    fn write_after_key(&self, depth: usize, out: &mut String) {
        match self {
            Self::Text(text) if is_literal(text) => {
                out.push_str(" |");
                for line in text.lines() {
                    new_line(if line.is_empty() { 0 } else { depth + 2 }, out);
                    out.push_str(line);
                }
            }
            _ if self.is_line() => {
                out.push(' ');
                out.push_str(&self.line());
            }
            _ => {
                new_line(depth + 2, out);
                self.write(depth + 2, out);
            }
        }
    }

    /// Whether it is written in one line.
    fn is_line(&self) -> bool {
        match self {
            Self::Raw(_) | Self::Text(_) => true,
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Line(_) | Self::Flow(_) => self.line().len() <= LINE_BYTES_MAX,
        }
    }

    /// The value in one line.
    fn line(&self) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Text(text) => scalar(text),
            Self::List(items) | Self::Line(items) => {
                let items: Vec<_> = items.iter().map(Self::line).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) | Self::Flow(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        let mut entry = String::new();
                        write_key(key, &mut entry);
                        entry.push(' ');
                        entry + &value.line()
                    })
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// Whether a text can stand as it is in lines of its own. Source: YAML 1.2.2, section 8.1.2.
fn is_literal(text: &str) -> bool {
    let odd = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && !text.contains(odd)
        && text.lines().all(|line| line.is_empty() || !line.trim().is_empty())
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
}

fn write_key(key: &str, out: &mut String) {
    out.push_str(&scalar(key));
    out.push(':');
}

/// Words that YAML 1.1 takes for something other than text. Source: YAML 1.1, "Language-Independent Types".
const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "nan"];

/// Text as a scalar: plain where no reader can take it for anything else.
fn scalar(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:+$ ".contains(c);
    let safe = begins
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if safe {
        return text.to_owned();
    }
    let mut quoted = String::new();
    quote(text, &mut quoted);
    quoted
}

#[cfg(test)]
mod tests {
    use sekisho_model::SourceFile;

    use super::{Yaml, scalar};
    use crate::document::Document;

    #[test]
    fn only_words_that_mean_themselves_stand_plain() {
        for (text, expected) in [
            ("shop", "shop"),
            ("/login", "/login"),
            ("NO", "\"NO\""),
            ("on", "\"on\""),
            ("1:20", "\"1:20\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("arn:aws:x", "arn:aws:x"),
            ("tail ", "\"tail \""),
            ("\u{7}\u{2028}é", "\"\\u0007\\u2028é\""),
        ] {
            assert_eq!(scalar(text), expected);
            let (document, problems) = Document::from_yaml(&SourceFile::new("y", format!("a: {expected}\n")));
            let document = document.unwrap_or_else(|| panic!("{}", problems.render(false)));
            assert_eq!(document.root().get("a").unwrap().as_str(), Some(text));
        }
    }

    #[test]
    fn nests_by_two_columns() {
        let tree = Yaml::Map(vec![
            (
                "a".to_owned(),
                Yaml::List(vec![Yaml::Map(vec![
                    ("b".to_owned(), Yaml::Raw("1".to_owned())),
                    ("c".to_owned(), Yaml::Map(Vec::new())),
                ])]),
            ),
            ("d".to_owned(), Yaml::Line(vec![Yaml::text("JP"), Yaml::text("NO")])),
        ]);
        let mut text = String::new();
        tree.write(0, &mut text);
        assert_eq!(text, "a:\n  - b: 1\n    c: {}\nd: [JP, \"NO\"]");
    }
}
