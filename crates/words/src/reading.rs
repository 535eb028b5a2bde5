//! How a text is read before it is cut into words: letters folded, and escapes undone.
//!
//! Logs quote what they log: JSON writes `\u0041`, `\/` and `\n`, URLs write `%20`. A word must be found behind them, but a backslash may
//! as well be part of a Windows path. So a text with escapes is read twice: as it stands, and with escapes undone. Its words are those of
//! both readings. One layer is undone; backslashes in a row count as one, so that JSON within JSON is read too.

/// Folds text, and undoes escapes, into memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    decoded: Vec<u8>,
    folded: Vec<u8>,
}

impl Reader {
    /// Calls `read` with each reading of the text, folded.
    ///
    /// # Limits
    ///
    /// Linear. A reading is at most half as long again as the text: folding makes two bytes into three at worst.
    pub(crate) fn each(&mut self, text: &[u8], mut read: impl FnMut(&[u8])) {
        read(self.as_it_stands(text));
        if let Some(first) = first_escape(text) {
            self.decoded.clear();
            self.decoded.extend_from_slice(&text[..first]);
            decode(&text[first..], &mut self.decoded);
            fold(&self.decoded, &mut self.folded);
            read(&self.folded);
        }
    }

    /// The first of the readings alone.
    pub(crate) fn as_it_stands(&mut self, text: &[u8]) -> &[u8] {
        fold(text, &mut self.folded);
        &self.folded
    }
}

/// Where the first escape is that can hide a letter: `\n`, `\u…`, `%41`. Others hide only what stands between words.
fn first_escape(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr::memchr2(b'\\', b'%', &text[from..]).map(|at| from + at) {
        let hides = match text[at] {
            b'%' => percent(&text[at..]).is_some(),
            _ => matches!(text.get(at + 1), Some(b'b' | b'f' | b'n' | b'r' | b't' | b'u')),
        };
        if hides {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The byte of `%41` at the beginning of the text.
fn percent(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    u8::try_from(digit(1)? * 16 + digit(2)?).ok()
}

/// Undoes the escapes of `text`, onto the end of `out`. What undoes to no UTF-8 stays as bytes, which folding takes as separators.
fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(next) = memchr::memchr2(b'\\', b'%', &text[at..]).map(|next| at + next) {
        out.extend_from_slice(&text[at..next]);
        if text[next] == b'%' {
            match percent(&text[next..]) {
                Some(byte) => {
                    out.push(byte);
                    at = next + 3;
                }
                None => {
                    out.push(b'%');
                    at = next + 1;
                }
            }
            continue;
        }
        let run = text[next..].iter().take_while(|&&byte| byte == b'\\').count();
        at = next + run;
        at += match text.get(at) {
            Some(b'b' | b'f' | b'n' | b'r' | b't') => {
                out.push(b' ');
                1
            }
            Some(&byte @ (b'/' | b'"')) => {
                out.push(byte);
                1
            }
            Some(b'u') => decode_utf16(text, at, out),
            _ => {
                out.push(b'\\');
                0
            }
        };
    }
    out.extend_from_slice(&text[at..]);
}

/// Undoes `u` and four digits at `at`, and the second half of a pair behind it. How many bytes were taken.
fn decode_utf16(text: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let Some(first) = four_digits(text, at + 1) else {
        out.push(b'\\');
        return 0;
    };
    let (decoded, taken) = match first {
        0xD800..0xDC00 => {
            let slashes = text[at + 5..].iter().take_while(|&&byte| byte == b'\\').count();
            let second = (slashes > 0 && text.get(at + 5 + slashes) == Some(&b'u'))
                .then(|| four_digits(text, at + 6 + slashes))
                .flatten()
                .filter(|second| (0xDC00..0xE000).contains(second));
            match second {
                Some(second) => (char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)), 10 + slashes),
                None => (None, 5),
            }
        }
        single => (char::from_u32(single), 5),
    };
    let decoded = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
    taken
}

fn four_digits(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}

/// Folds `text` into `out`: letters in lower case, full-width forms of ASCII as ASCII, bytes that are no UTF-8 as spaces.
fn fold(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if text.is_ascii() {
        out.extend_from_slice(text);
        out.make_ascii_lowercase();
        return;
    }
    out.reserve(text.len() + text.len() / 2);
    for part in text.utf8_chunks() {
        for c in part.valid().chars() {
            fold_char(c, out);
        }
        if !part.invalid().is_empty() {
            out.push(b' ');
        }
    }
}

fn fold_char(c: char, out: &mut Vec<u8>) {
    let mut push = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    match c {
        '\0'..='\x7f' => push(c.to_ascii_lowercase()),
        'ς' => push('σ'),
        'ſ' => push('s'),
        '\u{FF01}'..='\u{FF5E}' => {
            let narrow = char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c);
            push(narrow.to_ascii_lowercase());
        }
        _ => c.to_lowercase().for_each(push),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut readings = Vec::new();
        let read = |reading: &[u8]| readings.push(String::from_utf8_lossy(reading).into_owned());
        Reader::default().each(text.as_bytes(), read);
        assert_eq!(readings, expect, "{text}");
    }

    #[test]
    fn letters_are_folded() {
        check("Ärger ΣΟΦΟΣ σοφος", &["ärger σοφοσ σοφοσ"]);
        check("ＡＢＣ１", &["abc1"]);
        check("東京 カタカナ", &["東京 カタカナ"]);
    }

    #[test]
    fn escapes_are_undone_in_a_second_reading() {
        check(r"C:\new", &[r"c:\new", "c: ew"]);
        check(r"a\u0041\/b", &[r"a\u0041\/b", "aa/b"]);
        check(r#"a\nb\\\"c\\nd"#, &[r#"a\nb\\\"c\\nd"#, "a b\"c d"]);
        check(r"\u6771\u4eac \ud83d\ude00 \ud83d", &[r"\u6771\u4eac \ud83d\ude00 \ud83d", "東京 😀 \u{fffd}"]);
        check("union%20select%e6%9d%b1", &["union%20select%e6%9d%b1", "union select東"]);
        check(r"100% \z", &[r"100% \z"]);
        check(r"\u12", &[r"\u12", r"\u12"]);
    }

    #[test]
    fn what_is_no_utf8_separates() {
        let mut readings = Vec::new();
        Reader::default().each(b"A\xffB%ff", |reading| readings.push(reading.to_vec()));
        assert_eq!(readings, [b"a b%ff".to_vec(), b"a b ".to_vec()]);
    }
}
