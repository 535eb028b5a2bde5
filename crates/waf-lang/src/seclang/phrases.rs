//! Phrases of `@pm` and `@pmFromFile`.
//!
//! Source: ModSecurity Reference Manual, "pm", "pmFromFile".

use super::reading::Reading;
use super::word::Part;
use crate::report::Report;

/// Reads the phrases that stand in a rule, parted by white space. Between bars, bytes are in hexadecimal: `A|42 43|D`.
pub(super) fn inline(argument: Part<'_>, report: &mut Report) -> Option<Vec<Vec<u8>>> {
    let text = argument.text();
    if !text.contains('|') {
        return Some(text.split_whitespace().map(|phrase| phrase.as_bytes().to_vec()).collect());
    }
    let mut phrases = Vec::new();
    let mut phrase = Vec::new();
    for (at, piece) in text.split('|').enumerate() {
        if at % 2 == 1 {
            let Some(bytes) = hexadecimal(piece) else {
                let message = "what stands between bars is not hexadecimal";
                let help = "write pairs of hexadecimal digits, as in `|0d 0a|`; write a bar itself as `|7c|`";
                report.push(argument.error("invalid-phrase", message).help(help));
                return None;
            };
            phrase.extend(bytes);
            continue;
        }
        for (nth, word) in piece.split(char::is_whitespace).enumerate() {
            if nth > 0 && !phrase.is_empty() {
                phrases.push(std::mem::take(&mut phrase));
            }
            phrase.extend_from_slice(word.as_bytes());
        }
    }
    if text.matches('|').count() % 2 == 1 {
        let message = "a bar is not closed";
        let help = "bytes stand between two bars, as in `|0d 0a|`; write a bar itself as `|7c|`";
        report.push(argument.error("invalid-phrase", message).help(help));
        return None;
    }
    if !phrase.is_empty() {
        phrases.push(phrase);
    }
    Some(phrases)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() % 2 == 1 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Reads the phrases of files: one a line, without white space around it; empty lines and those that begin with `#` are
/// none.
pub(super) fn from_files(argument: Part<'_>, reading: &mut Reading<'_>) -> Option<Vec<Vec<u8>>> {
    let mut phrases = Vec::new();
    for (name, path, bytes) in reading.each_file(argument)? {
        let before = phrases.len();
        let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        phrases.extend(lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(<[u8]>::to_vec));
        if phrases.len() == before {
            let message = format!("`{path}` holds no phrases, so nothing matches");
            reading.report.push(name.warning("no-phrases", message));
        }
    }
    Some(phrases)
}
