//! YAML into a tree, as far as the tests of the Core Rule Set use it: no anchors, no tags, every scalar a string.

use anyhow::{Context, Result, bail};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

/// Reads one document. A number or a word without quotes is a string like any other.
///
/// # Errors
///
/// If it is no YAML, or uses what is left out here.
pub(super) fn read(text: &str) -> Result<Value> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = Value::Null;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.context("parse YAML")?;
        let finished = match event {
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Value::Array(items),
                Some(Open::Map(entries, _)) => Value::Object(entries),
                None => bail!("the parser ends what did not begin"),
            },
            Event::Alias(_) => bail!("aliases are not read"),
            _ => continue,
        };
        match open.last_mut() {
            None => root = finished,
            Some(Open::List(items)) => items.push(finished),
            Some(Open::Map(entries, key)) => match (key.take(), finished) {
                (Some(key), value) => {
                    entries.insert(key, value);
                }
                (None, Value::String(text)) => *key = Some(text),
                (None, _) => bail!("a key is no text"),
            },
        }
    }
    Ok(root)
}

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lists_and_blocks_of_text_are_read() -> Result<()> {
        let read = read("a: 1\nb:\n  - x: |-\n      one\n      two\n  - \"t\\tq\"\n")?;
        assert_eq!(read["a"], "1");
        assert_eq!(read["b"][0]["x"], "one\ntwo");
        assert_eq!(read["b"][1], "t\tq");
        Ok(())
    }
}
