//! PCRE's syntax to the engine's, where the two read the same text differently.
//!
//! `\<` is a word boundary to the engine and a plain `<` to PCRE; a lone `{` or a `[` within a class is a plain
//! character to PCRE; `$` also matches before a line feed at the very end. Anything not named here means the same to
//! both, or is refused by the engine's parser.
//!
//! Source: PCRE2 manual, pcre2pattern(3).

/// Rewrites a pattern, or names the construct that cannot be matched in linear time.
pub(super) fn translate(pattern: &str) -> Result<String, &'static str> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut translator =
        Translator { chars: &chars, at: 0, out: String::with_capacity(pattern.len()), multiline: false };
    translator.run()?;
    Ok(translator.out)
}

/// White space that moves the line, PCRE's `\v`.
const VERTICAL: &str = r"\n\x0B\f\r";
/// White space within the line, PCRE's `\h`.
const HORIZONTAL: &str = r"\t ";

struct Translator<'a> {
    chars: &'a [char],
    at: usize,
    out: String,
    /// Whether `(?m)` was seen: then `$` means the same to both.
    multiline: bool,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        let mut after_quantifier = false;
        while let Some(c) = self.next() {
            let was_quantifier = std::mem::take(&mut after_quantifier);
            match c {
                '+' if was_quantifier => return Err("a possessive quantifier"),
                '*' | '+' | '?' => {
                    self.out.push(c);
                    // A `?` after a quantifier makes it lazy and ends it.
                    after_quantifier = !was_quantifier;
                }
                '{' => match self.counted() {
                    Some(end) => {
                        self.copy_to(end);
                        after_quantifier = true;
                    }
                    None => self.out.push_str(r"\{"),
                },
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group()?,
                '$' if !self.multiline => self.out.push_str(r"(?:\n?\z)"),
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.get(self.at).copied();
        self.at += usize::from(next.is_some());
        next
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.chars.get(self.at + offset) == Some(&c))
    }

    /// Copies up to `end`, the character before the current one included.
    fn copy_to(&mut self, end: usize) {
        self.out.extend(&self.chars[self.at - 1..end]);
        self.at = end;
    }

    /// After `{`: where `{n}`, `{n,}` or `{n,m}` ends, if it is one.
    fn counted(&self) -> Option<usize> {
        let rest = &self.chars[self.at..];
        let close = rest.iter().take(16).position(|&c| c == '}')?;
        let inner = &rest[..close];
        let digits = inner.iter().take_while(|c| c.is_ascii_digit()).count();
        let tail = match &inner[digits..] {
            [',', tail @ ..] => tail,
            tail => tail,
        };
        (digits > 0 && tail.iter().all(char::is_ascii_digit)).then_some(self.at + close + 1)
    }

    /// After a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), &'static str> {
        let Some(c) = self.next() else {
            self.out.push('\\');
            return Ok(());
        };
        let wrap = |set: &str, negated: bool| match (in_class, negated) {
            (true, false) => set.to_owned(),
            (false, false) => format!("[{set}]"),
            (_, true) => format!("[^{set}]"),
        };
        match c {
            '<' | '>' => self.out.push(c),
            'e' => self.out.push_str(r"\x1B"),
            'h' | 'H' => self.out.push_str(&wrap(HORIZONTAL, c == 'H')),
            'v' | 'V' => self.out.push_str(&wrap(VERTICAL, c == 'V')),
            'N' if !in_class => self.out.push_str(r"[^\n]"),
            'Z' if !in_class => self.out.push_str(r"(?:\n?\z)"),
            'b' if in_class => self.out.push_str(r"\x08"),
            'R' | 'X' if !in_class => return Err(r"`\R` or `\X`"),
            'K' | 'G' | 'C' => return Err(r"`\K`, `\G` or `\C`"),
            'g' | 'k' if !in_class => return Err("a back-reference or a subroutine call"),
            'Q' => self.quoted(),
            'E' => {}
            'c' => self.control(),
            '0' => self.octal(0),
            '1'..='7' if in_class => self.octal(c as u32 - '0' as u32),
            'x' | 'p' | 'P' if self.peek() == Some('{') => {
                self.out.push('\\');
                let rest = &self.chars[self.at..];
                let end = rest.iter().position(|&c| c == '}').map_or(self.chars.len(), |close| self.at + close + 1);
                self.copy_to(end);
            }
            _ if !c.is_ascii() => self.out.push(c),
            _ => self.out.extend(['\\', c]),
        }
        Ok(())
    }

    /// After `\Q`: plain characters up to `\E`.
    fn quoted(&mut self) {
        while let Some(c) = self.next() {
            if c == '\\' && self.peek() == Some('E') {
                self.at += 1;
                return;
            }
            self.literal(c);
        }
    }

    fn literal(&mut self, c: char) {
        if regex_syntax::is_meta_character(c) {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    /// After `\c`: the control character of a letter.
    fn control(&mut self) {
        match self.next() {
            Some(c) if c.is_ascii() => self.hex(c.to_ascii_uppercase() as u32 ^ 0x40),
            _ => self.out.push_str(r"\c"),
        }
    }

    /// After the first digit of an octal escape: at most two more.
    fn octal(&mut self, first: u32) {
        let mut value = first;
        for _ in 0..2 {
            match self.peek().and_then(|c| c.to_digit(8)) {
                Some(digit) => value = value * 8 + digit,
                None => break,
            }
            self.at += 1;
        }
        self.hex(value & 0xFF);
    }

    fn hex(&mut self, value: u32) {
        self.out.push_str(&format!(r"\x{value:02X}"));
    }

    /// After `(`.
    fn group(&mut self) -> Result<(), &'static str> {
        if self.looking_at("*") {
            return Err("a backtracking verb");
        }
        if self.looking_at("?#") {
            while self.next().is_some_and(|c| c != ')') {}
            return Ok(());
        }
        for (opening, name) in [
            ("?=", "look-around"),
            ("?!", "look-around"),
            ("?<=", "look-around"),
            ("?<!", "look-around"),
            ("?>", "an atomic group"),
            ("?|", "a branch-reset group"),
            ("?(", "a conditional group"),
            ("?P=", "a back-reference"),
            ("?P>", "a subroutine call"),
            ("?&", "a subroutine call"),
            ("?R", "recursion"),
        ] {
            if self.looking_at(opening) {
                return Err(name);
            }
        }
        self.out.push('(');
        if self.peek() == Some('?') {
            self.out.push('?');
            self.at += 1;
            let flags = self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic());
            self.multiline |= flags.clone().any(|&c| c == 'm')
                && matches!(self.chars.get(self.at + flags.count()), Some(':' | ')' | '-'));
        }
        Ok(())
    }

    /// After `[`.
    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.peek() == Some('^') {
            self.out.push('^');
            self.at += 1;
        }
        // A bracket or a hyphen at the very start stands for itself.
        if let Some(c @ (']' | '-')) = self.peek() {
            self.out.extend(['\\', c]);
            self.at += 1;
        }
        while let Some(c) = self.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' => match self.posix_class() {
                    Some(end) => self.copy_to(end),
                    None => self.out.push_str(r"\["),
                },
                '\\' => self.escape(true)?,
                // Doubled, these are set operators to the engine.
                '&' | '~' => self.out.extend(['\\', c]),
                '-' if self.peek() == Some('-') => {
                    self.out.push_str(r"-\-");
                    self.at += 1;
                }
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    /// After `[` within a class: where `[:name:]` ends, if it is one.
    fn posix_class(&self) -> Option<usize> {
        let rest = self.chars[self.at..].strip_prefix(&[':'])?;
        let name = rest.iter().take_while(|c| c.is_ascii_alphabetic() || **c == '^').count();
        rest[name..].starts_with(&[':', ']']).then_some(self.at + 1 + name + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    /// The pattern compiles for the engine and matches, or does not.
    fn check(pattern: &str, text: &str, matches: bool) {
        let translated = translate(pattern).unwrap();
        let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(&translated);
        hir.unwrap_or_else(|error| panic!("{pattern} became {translated}: {error}"));
        let regex = regex::bytes::RegexBuilder::new(&translated).unicode(false).build().unwrap();
        assert_eq!(regex.is_match(text.as_bytes()), matches, "{pattern} became {translated}, held against {text:?}");
    }

    #[test]
    fn means_what_pcre_means() {
        check(r"\<script\>", "<script>", true);
        check(r"\<script", " script", false);
        check(r"^a{$", "a{", true);
        check(r"^a{,2}$", "a{,2}", true);
        check(r"^a{1,2}$", "aa", true);
        check(r"^[[]$", "[", true);
        check(r"^[]a]$", "]", true);
        check(r"^[^]a]$", "b", true);
        check(r"^[a&&b]$", "a", true);
        check(r"^[+--]$", ",", true);
        check(r"^[[:digit:]]+$", "42", true);
        check(r"^[\w\-.]+$", "a-b.c", true);
        check(r"^\/api\/v1$", "/api/v1", true);
        check(r"\.php$", "x.php\n", true);
        check(r"\.php$", "x.php\nx", false);
        check(r"(?m)\.php$", "x.php\nx", true);
        check(r"a\Q.*\Eb", "a.*b", true);
        check(r"^\x41\0\cA\e$", "A\0\u{1}\u{1b}", true);
        check(r"^[\b]$", "\u{8}", true);
        check(r"a(?#note)b", "ab", true);
        check(r"a+?b", "aab", true);
        check(r"a\h+b", "a \tb", true);
        check(r"x\b{", "x{", true);
        check(r"\ \%\@\'\~", " %@'~", true);
    }

    #[test]
    fn names_what_takes_more_than_linear_time() {
        for pattern in [r"(?=a)", r"(?<!a)b", r"(?>a)", r"a++", r"a{2}+", r"(a)\k<x>", r"(?R)", r"(*COMMIT)a", r"\Kx"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
