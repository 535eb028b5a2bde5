//! JSON as the API prints it: one answer, or a list of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::document::{Kind, Node};
use crate::forms::piece::Piece;
use crate::forms::schema::{Kind as Shape, Structure};
use crate::forms::write::members;

/// Writes resources; several of them as a list.
pub(in crate::forms) fn write(pieces: &[Piece]) -> String {
    let mut writer = Writer { text: String::new(), indent: 0 };
    match pieces {
        [only] => writer.answer(only),
        _ => writer.between('[', ']', pieces, Writer::answer),
    }
    writer.text.push('\n');
    writer.text
}

struct Writer {
    text: String,
    indent: usize,
}

impl Writer {
    fn answer(&mut self, piece: &Piece) {
        let names = piece.kind.names();
        self.between('{', '}', &[piece], |this, piece| {
            this.string(names.api);
            this.text.push_str(": ");
            this.structure(names.structure, piece.document.root());
        });
    }

    fn structure(&mut self, structure: &'static Structure, node: Node<'_>) {
        let found = members(structure, node);
        self.between('{', '}', &found, |this, (member, node)| {
            this.string(member.name);
            this.text.push_str(": ");
            this.member(member.kind, *node);
        });
    }

    fn member(&mut self, shape: Shape, node: Node<'_>) {
        match shape {
            Shape::One(inner) => self.structure(inner, node),
            Shape::Many(inner) => {
                let items: Vec<_> = node.as_array().into_iter().flatten().collect();
                self.between('[', ']', &items, |this, item| this.structure(inner, *item));
            }
            Shape::Map(inner) => {
                let entries: Vec<_> = node.as_object().into_iter().flatten().collect();
                self.between('{', '}', &entries, |this, (key, node)| {
                    this.string(key.text());
                    this.text.push_str(": ");
                    this.structure(inner, *node);
                });
            }
            Shape::Texts | Shape::Wholes => {
                let items: Vec<_> = node.as_array().into_iter().flatten().collect();
                self.between('[', ']', &items, |this, item| this.scalar(*item));
            }
            Shape::Text | Shape::Whole | Shape::Flag | Shape::Blob => self.scalar(node),
        }
    }

    fn scalar(&mut self, node: Node<'_>) {
        match &node.value().kind {
            Kind::String(text) => self.string(text),
            Kind::Blob(bytes) => self.string(&STANDARD.encode(bytes)),
            Kind::Number(text) => self.text.push_str(text),
            Kind::Bool(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Kind::Null | Kind::Invalid | Kind::Array(_) | Kind::Object(_) => self.text.push_str("null"),
        }
    }

    fn between<T>(&mut self, open: char, close: char, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.text.push(open);
        self.indent += 2;
        for (at, item) in items.iter().enumerate() {
            self.text.push_str(if at == 0 { "\n" } else { ",\n" });
            self.text.extend(std::iter::repeat_n(' ', self.indent));
            write(self, item);
        }
        self.indent -= 2;
        if !items.is_empty() {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', self.indent));
        }
        self.text.push(close);
    }

    fn string(&mut self, text: &str) {
        quote(text, &mut self.text);
    }
}

/// A string of JSON. Source: RFC 8259, section 7.
pub(in crate::forms) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Those that YAML and Terraform would not take raw go escaped too.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
