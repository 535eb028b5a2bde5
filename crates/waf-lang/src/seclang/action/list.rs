//! Lists of actions taken apart: names, and values in and out of quotes.

use super::super::word::{Part, Word};
use crate::report::Report;

/// A name and what stands after its colon.
pub(super) struct Item<'a> {
    pub(super) name: Part<'a>,
    pub(super) value: Option<Word>,
}

/// Takes a list apart at its commas. A value in single quotes may hold commas, and `\'` for a quote.
pub(super) fn split<'a>(part: Part<'a>, report: &mut Report) -> Vec<Item<'a>> {
    let text = part.text();
    let mut items = Vec::new();
    let mut at = 0;
    while at <= text.len() {
        let start = at;
        let name_end = text[at..].find([',', ':']).map_or(text.len(), |found| at + found);
        let name = part.sub(start..name_end).trim();
        if text[name_end..].starts_with(':') {
            let (value, end) = value(part, name_end + 1, report);
            if name.is_empty() {
                report
                    .push(part.sub(name_end..name_end + 1).error("missing-action", "the name of an action is missing"));
            } else {
                items.push(Item { name, value: Some(value) });
            }
            at = end + 1;
        } else {
            if name.is_empty() && !(is_last(text, name_end) && items.is_empty()) {
                // A comma too many says nothing; ModSecurity passes over it too.
                let place = part.sub(start..name_end);
                if !is_last(text, name_end) || !items.is_empty() {
                    report.push(place.warning("missing-action", "there is nothing between two commas"));
                }
            } else if !name.is_empty() {
                items.push(Item { name, value: None });
            }
            at = name_end + 1;
        }
    }
    items
}

fn is_last(text: &str, end: usize) -> bool {
    end >= text.len()
}

/// Reads a value that begins at an offset; gives it and the offset of the comma after it, or of the end.
fn value(part: Part<'_>, from: usize, report: &mut Report) -> (Word, usize) {
    let text = part.text();
    let start = from + (text[from..].len() - text[from..].trim_start().len());
    if !text[start..].starts_with('\'') {
        let end = text[start..].find(',').map_or(text.len(), |found| start + found);
        let mut word = part.sub(start..start).empty_word();
        word.append(part.sub(start..end).trim());
        return (word, end);
    }
    let mut word = part.sub(start + 1..start + 1).empty_word();
    let bytes = text.as_bytes();
    let (mut kept, mut at) = (start + 1, start + 1);
    loop {
        match bytes.get(at) {
            Some(b'\\') if bytes.get(at + 1) == Some(&b'\'') => {
                word.append(part.sub(kept..at));
                kept = at + 1;
                at += 2;
            }
            Some(b'\'') => break,
            Some(_) => at += 1,
            None => {
                let quote = part.sub(start..start + 1);
                let problem = quote.error("unclosed-quote", "the quote is not closed");
                report.push(problem.help("close it; a quote within the text is written `\\'`"));
                return (word, text.len());
            }
        }
    }
    word.append(part.sub(kept..at));
    let after = at + 1;
    let end = text[after..].find(',').map_or(text.len(), |found| after + found);
    let rest = part.sub(after..end).trim();
    if !rest.is_empty() {
        let problem = rest.error("misplaced-quote", "a value goes on after its closing quote");
        report.push(
            problem.help("put a comma before the next action, or a backslash before a quote that belongs to the text"),
        );
    }
    (word, end)
}
