//! `SecUnicodeMapFile`: which byte stands for a character that a code page lacks.
//!
//! Source: ModSecurity Reference Manual, "SecUnicodeMapFile"; the file `unicode.mapping` it speaks of: a line with the
//! number of a code page and its name, then pairs of code point and byte in hexadecimal.

use super::reading::Reading;
use super::word::{Part, Word};
use crate::report::quoted;

/// Which file and which code page of it.
#[derive(Debug, Default)]
pub(super) struct Choice {
    path: Option<(String, Word)>,
    page: Option<(u32, Word)>,
}

impl Choice {
    /// Reads the words of `SecUnicodeMapFile`: a path, and a code page if `SecUnicodeCodePage` does not give it.
    pub(super) fn file(&mut self, words: &[Word], reading: &mut Reading<'_>) {
        let Some(word) = words.first() else { return };
        self.path = Some((reading.resolve(word.part().trim().text()), word.clone()));
        if let Some(page) = words.get(1) {
            self.page(page.part().trim(), reading);
        }
    }

    /// Reads the word of `SecUnicodeCodePage`.
    pub(super) fn page(&mut self, part: Part<'_>, reading: &mut Reading<'_>) {
        let mut word = part.empty_word();
        word.append(part);
        match part.text().parse() {
            Ok(page) => self.page = Some((page, word)),
            Err(_) => {
                let problem =
                    part.error("invalid-number", format!("{} is no number of a code page", quoted(part.text())));
                reading.report.push(problem.help("write one that the file has, such as `20127`"));
            }
        }
    }

    /// Reads the file.
    pub(super) fn finish(self, reading: &mut Reading<'_>) -> Vec<(u32, u8)> {
        let (path, page) = match (self.path, self.page) {
            (Some(path), Some(page)) => (path, page),
            (Some((_, word)), None) => {
                let problem =
                    word.part().error("missing-code-page", "it is not said which code page of the file is meant");
                reading.report.push(problem.help("write its number after the path, such as `20127`"));
                return Vec::new();
            }
            (None, _) => return Vec::new(),
        };
        let Some(bytes) = reading.bytes(&path.0, path.1.part()) else { return Vec::new() };
        match read(&String::from_utf8_lossy(&bytes), page.0) {
            Ok(Some(map)) => map,
            Ok(None) => {
                let message = format!("`{}` has no code page {}", path.0, page.0);
                reading.report.push(page.1.part().error("unknown-code-page", message).help("take one of the file"));
                Vec::new()
            }
            Err(pair) => {
                let message =
                    format!("`{}` holds {}, which is no pair of a code point and a byte", path.0, quoted(&pair));
                reading
                    .report
                    .push(path.1.part().error("invalid-unicode-map", message).help("pairs look like `00e9:65`"));
                Vec::new()
            }
        }
    }
}

/// The pairs of one code page, in order; `None` if the text does not have it, the offending word if it is no pair.
fn read(text: &str, page: u32) -> Result<Option<Vec<(u32, u8)>>, String> {
    let mut found: Option<Vec<(u32, u8)>> = None;
    let mut within = false;
    for line in text.lines().map(str::trim) {
        if let Some((number, _)) = line.split_once('(') {
            // A heading without a number has a code page that nobody can ask for.
            within = number.trim().parse() == Ok(page);
            if within {
                found.get_or_insert_default();
            }
            continue;
        }
        if !within || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(map) = &mut found else { continue };
        for word in line.split_whitespace() {
            let pair = word.split_once(':').and_then(|(code, byte)| {
                Some((u32::from_str_radix(code, 16).ok()?, u8::from_str_radix(byte, 16).ok()?))
            });
            map.push(pair.ok_or_else(|| word.to_owned())?);
        }
    }
    Ok(found.map(|mut map| {
        map.sort_by_key(|(code, _)| *code);
        map.dedup_by_key(|(code, _)| *code);
        map
    }))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_one_code_page() {
        let text = "(MAC)\n\n\n1250 (ANSI)\n00a1:21 00a2:63\n\n\n20127 (US-ASCII)\n00a1:21 0060:60\n";
        assert_eq!(read(text, 20127), Ok(Some(vec![(0x60, 0x60), (0xa1, 0x21)])));
        assert_eq!(read(text, 1), Ok(None));
        assert_eq!(read("1 (x)\n00a1:211\n", 1), Err("00a1:211".to_owned()));
    }
}
