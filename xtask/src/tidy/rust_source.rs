//! A Rust file split into code and comments, byte for byte: what is not code (or not comment) is blanked with spaces, so
//! that offsets and lines stay true and no rule trips over the text of a string.

/// The two views of one file, each as long as the file.
#[derive(Debug)]
pub(super) struct RustSource {
    /// Code alone: comments and the contents of literals are blank.
    pub(super) code: String,
    /// Comments alone.
    pub(super) comments: String,
}

impl RustSource {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut code = blank(bytes);
        let mut comments = code.clone();
        let mut at = 0;
        while at < bytes.len() {
            let (kind, end) = next(bytes, at);
            match kind {
                Kind::Code => code[at..end].copy_from_slice(&bytes[at..end]),
                Kind::Comment => comments[at..end].copy_from_slice(&bytes[at..end]),
                Kind::Literal => {}
            }
            at = end;
        }
        let text_of = |bytes| String::from_utf8(bytes).expect("pieces end at ASCII bytes");
        Self { code: text_of(code), comments: text_of(comments) }
    }

    /// The code without the items under `#[cfg(test)]`, blanked in place.
    pub(super) fn code_without_tests(&self) -> String {
        const MARK: &str = "#[cfg(test)]";
        let mut code = self.code.clone().into_bytes();
        let mut from = 0;
        while let Some(found) = self.code[from..].find(MARK) {
            let start = from + found;
            let end = item_end(self.code.as_bytes(), start + MARK.len());
            let item = blank(&code[start..end]);
            code[start..end].copy_from_slice(&item);
            from = end;
        }
        String::from_utf8(code).expect("only whole items were blanked")
    }
}

/// As many spaces as `bytes`, with its line breaks.
fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }).collect()
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The kind of the piece that starts at `at`, and where it ends.
fn next(bytes: &[u8], at: usize) -> (Kind, usize) {
    let rest = &bytes[at..];
    match rest[0] {
        b'/' if rest.starts_with(b"//") => (Kind::Comment, at + line_len(rest)),
        b'/' if rest.starts_with(b"/*") => (Kind::Comment, at + block_comment_len(rest)),
        b'"' => (Kind::Literal, at + string_len(rest)),
        b'\'' => match char_len(rest) {
            Some(len) => (Kind::Literal, at + len),
            None => (Kind::Code, at + 1),
        },
        byte if is_word(byte) => {
            let word = rest.iter().take_while(|&&byte| is_word(byte)).count();
            match raw_string_len(&rest[..word], &rest[word..]) {
                Some(len) => (Kind::Literal, at + word + len),
                None => (Kind::Code, at + word),
            }
        }
        _ => (Kind::Code, at + 1),
    }
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_len(rest: &[u8]) -> usize {
    rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
}

fn block_comment_len(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while at < rest.len() && depth > 0 {
        let two = &rest[at..rest.len().min(at + 2)];
        let (step, change) = match two {
            b"/*" => (2, 1),
            b"*/" => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth = depth.saturating_add_signed(change);
    }
    at
}

fn string_len(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string after its prefix word, if the word is one and a string follows.
fn raw_string_len(word: &[u8], after: &[u8]) -> Option<usize> {
    if !matches!(word, b"r" | b"br" | b"cr") {
        return None;
    }
    let hashes = after.iter().take_while(|&&byte| byte == b'#').count();
    if after.get(hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let open = hashes + 1;
    let body = after[open..].windows(close.len()).position(|window| window == close);
    Some(body.map_or(after.len(), |body| open + body + close.len()))
}

/// The length of a character literal; none if the quote starts a lifetime.
fn char_len(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        let close = rest.iter().skip(3).position(|&byte| byte == b'\'')?;
        return Some(3 + close + 1);
    }
    let first = *rest.get(1)?;
    let width = if first < 0x80 { 1 } else { rest[2..].iter().take_while(|&&byte| byte & 0xc0 == 0x80).count() + 1 };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// Where the item that follows an attribute ends: after its block, or after its semicolon.
fn item_end(code: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, &byte) in code.iter().enumerate().skip(from) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && byte == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str, comments: &str) {
        let source = RustSource::new(text);
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((squeeze(&source.code), squeeze(&source.comments)), (code.to_owned(), comments.to_owned()));
        assert_eq!((source.code.len(), source.comments.len()), (text.len(), text.len()));
    }

    #[test]
    fn comments_are_not_code() {
        check("a // b\nc /* d /* e */ f */ g", "a c g", "// b /* d /* e */ f */");
    }

    #[test]
    fn literals_are_neither() {
        check(r#"let a = "// \" b"; c"#, "let a = ; c", "");
        check(r##"x(r#"a " b"#, br"c\", b"d")"##, "x( , , b )", "");
        check("m('\"', '\\'', 'é', b'/') // z", "m( , , , b )", "// z");
    }

    #[test]
    fn lifetimes_and_raw_words_are_code() {
        check("fn f<'a>(r#type: &'a str) {}", "fn f<'a>(r#type: &'a str) {}", "");
    }

    #[test]
    fn an_unclosed_literal_ends_with_the_file() {
        check("a \"b", "a", "");
        check("a r#\"b\"", "a", "");
    }

    #[test]
    fn test_items_are_blanked_and_what_follows_is_not() {
        let source =
            RustSource::new("a();\n#[cfg(test)]\nmod tests {\n  fn b() { c[0] }\n}\nd();\n#[cfg(test)] use e;\nf();");
        let code = source.code_without_tests();
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a();", "d();", "f();"]);
        assert_eq!(code.lines().count(), 8);
    }
}
