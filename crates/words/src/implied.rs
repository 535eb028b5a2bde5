//! The words that a condition on a column implies.

use crate::Word;
use crate::chunk::each_chunk;
use crate::reading::Reader;
use crate::unit::{Unit, each_unit};

/// The words of any file that has this value in a column: all its words.
#[must_use]
pub fn words_of_value(value: &str) -> Vec<Word> {
    let mut words = Vec::new();
    Reader::default().each(value.as_bytes(), |folded| {
        words_where(folded, |_, _| true, &mut words);
    });
    tidy(words)
}

/// The words of any file that has a value that fits the pattern of `LIKE`: `%` is any text, `_` any character, behind `escape` they are
/// themselves. Only words that the pattern has whole: in `%foo bar%` neither, in `% foo bar%` the first.
#[must_use]
pub fn words_of_pattern(pattern: &str, escape: Option<char>) -> Vec<Word> {
    let (mut words, mut literal, mut at_begin) = (Vec::new(), String::new(), true);
    let mut reader = Reader::default();
    let mut take = |literal: &mut String, at_begin: bool, at_end: bool| {
        // Where an escape stands at an edge, its undone form may not be whole: the text as it stands is enough.
        let folded = reader.as_it_stands(literal.as_bytes());
        words_where(folded, |begin, end| (begin > 0 || at_begin) && (end < folded.len() || at_end), &mut words);
        literal.clear();
    };
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            literal.extend(chars.next());
        } else if c == '%' || c == '_' {
            take(&mut literal, at_begin, false);
            at_begin = false;
        } else {
            literal.push(c);
        }
    }
    take(&mut literal, at_begin, true);
    tidy(words)
}

/// The words of those chunks that are wanted.
fn words_where(folded: &[u8], wanted: impl Fn(usize, usize) -> bool, words: &mut Vec<Word>) {
    let mut parts = Vec::new();
    each_chunk(folded, |chunk| {
        if !wanted(chunk.begin, chunk.end) {
            return;
        }
        let mut before: Option<Unit> = None;
        each_unit(folded, chunk, &mut parts, &mut |unit| {
            words.push(unit.word);
            words.extend(before.replace(unit).and_then(|before| before.pair(&unit, folded)));
        });
    });
}

fn tidy(mut words: Vec<Word>) -> Vec<Word> {
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expect: &[&str]) {
        let expect = tidy(expect.iter().map(|word| Word::of(word.as_bytes())).collect());
        assert_eq!(words_of_pattern(pattern, Some('\\')), expect, "{pattern}");
    }

    #[test]
    fn a_pattern_implies_the_words_it_has_whole() {
        check("%foo bar%", &[]);
        check("% Foo bar%", &["foo"]);
        check("foo bar", &["foo", "bar"]);
        check("foo%bar", &[]);
        check("foo %/bar", &["foo", "bar"]);
        check("%/etc/passwd%", &["etc"]);
        check("%/a_b/%", &[]);
        check(r"%/a\_b/%", &["a", "b"]);
        check("% 10.0.0.1", &["10.0.0.1"]);
        check("%10.0.0.1 %", &[]);
    }
}
