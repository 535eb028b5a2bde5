//! The values of a test file, with their places: read once, then filled with a row's parameters or with what an inline web
//! ACL leaves out.

use std::ops::Range;

use sekisho_waf_lang::document::Node;

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    /// Byte range in the file.
    pub(crate) range: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_range: Range<usize>,
    pub(crate) tree: Tree,
}

impl Tree {
    /// Copies a node of a document that was read without problems.
    pub(crate) fn of(node: Node<'_>) -> Self {
        let value = if let Some(text) = node.as_str() {
            Value::Text(text.to_owned())
        } else if let Some(truth) = node.as_bool() {
            Value::Bool(truth)
        } else if let Some(items) = node.as_array() {
            Value::List(items.map(Self::of).collect())
        } else if let Some(entries) = node.as_object() {
            let entry = |(key, node): (sekisho_waf_lang::document::Key<'_>, Node<'_>)| Entry {
                key: key.text().to_owned(),
                key_range: key.range(),
                tree: Self::of(node),
            };
            Value::Map(entries.map(entry).collect())
        } else if node.describe() == "a number" {
            Value::Number(node.file().text()[node.range()].to_owned())
        } else {
            Value::Null
        };
        Self { range: node.range(), value }
    }

    /// What it is, in words.
    pub(crate) fn describe(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// Where to point: all of a scalar, the beginning of what may span many lines.
    pub(crate) fn place(&self) -> Range<usize> {
        match self.value {
            Value::List(_) | Value::Map(_) => self.range.start..self.range.end.min(self.range.start + 1),
            _ => self.range.clone(),
        }
    }

    /// The text of a scalar: `404` may be meant as text too.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn items(&self) -> Option<&[Tree]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value of a key, if it is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.tree)
    }

    /// A copy with `${name}` replaced by the parameters: by the value itself where nothing stands beside it, by its text
    /// within text and keys.
    pub(crate) fn filled(&self, parameters: &[(&str, &Tree)]) -> Self {
        let value = match &self.value {
            Value::Text(text) => {
                let whole = parameters.iter().find(|(name, _)| *text == format!("${{{name}}}"));
                match whole {
                    Some((_, tree)) => tree.value.clone(),
                    None => Value::Text(fill(text, parameters)),
                }
            }
            Value::List(items) => Value::List(items.iter().map(|item| item.filled(parameters)).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: fill(&entry.key, parameters),
                        key_range: entry.key_range.clone(),
                        tree: entry.tree.filled(parameters),
                    })
                    .collect(),
            ),
            value => value.clone(),
        };
        Self { range: self.range.clone(), value }
    }
}

fn fill(text: &str, parameters: &[(&str, &Tree)]) -> String {
    let mut filled = text.to_owned();
    for (name, tree) in parameters {
        let hole = format!("${{{name}}}");
        if filled.contains(&hole) {
            filled = filled.replace(&hole, &tree.scalar().unwrap_or_default());
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Tree {
        Tree { range: 0..0, value: Value::Text(text.to_owned()) }
    }

    #[test]
    fn a_parameter_alone_keeps_its_kind_and_within_text_becomes_text() {
        let number = Tree { range: 3..4, value: Value::Number("7".to_owned()) };
        assert_eq!(text("${n}").filled(&[("n", &number)]).value, Value::Number("7".to_owned()));
        assert_eq!(text("a${n}b${n}").filled(&[("n", &number)]).value, Value::Text("a7b7".to_owned()));
        assert_eq!(text("${m}").filled(&[("n", &number)]).value, Value::Text("${m}".to_owned()));
    }
}
