//! Words SQL dialects give a meaning, and the fingerprints of injections: facts collected by libinjection, kept as
//! data.
//!
//! Source: libinjection (<https://github.com/libinjection/libinjection>), BSD-3-Clause, see
//! `src/operator/LICENSE.libinjection`.

use std::sync::LazyLock;

use super::token::{Kind, TEXT_BYTES_MAX};

/// Tokens a fingerprint has at most.
pub(super) const FINGERPRINT_TOKENS_MAX: usize = 5;

/// One fingerprint a line, in upper case, padded with spaces to [`FINGERPRINT_TOKENS_MAX`]; sorted.
const FINGERPRINTS: &[u8] = include_bytes!("tables/fingerprints.txt");
const FINGERPRINT_LINE_BYTES: usize = FINGERPRINT_TOKENS_MAX + 1;

/// One word or phrase a line: the letter of its kind, a space, the words in upper case.
const KEYWORDS: &str = include_str!("tables/keywords.txt");

/// The words of one length, sorted, with where each first byte begins: a look-up compares with a handful of words.
struct SameLength {
    words: Vec<(&'static [u8], Kind)>,
    /// How many words begin with a smaller byte; one more entry than there are bytes.
    below: [u16; 257],
}

impl SameLength {
    fn new(mut words: Vec<(&'static [u8], Kind)>) -> Self {
        words.sort_unstable_by_key(|entry| entry.0);
        let mut below = [0; 257];
        for (word, _) in &words {
            below[usize::from(word[0]) + 1] += 1;
        }
        for at in 1..below.len() {
            below[at] += below[at - 1];
        }
        Self { words, below }
    }

    fn find(&self, upper: &[u8]) -> Option<Kind> {
        let first = usize::from(*upper.first()?);
        let same_first = &self.words[usize::from(self.below[first])..usize::from(self.below[first + 1])];
        same_first.iter().find(|entry| entry.0 == upper).map(|entry| entry.1)
    }
}

/// The words by length.
static WORDS: LazyLock<[SameLength; TEXT_BYTES_MAX + 1]> = LazyLock::new(|| {
    let mut words: [Vec<_>; TEXT_BYTES_MAX + 1] = std::array::from_fn(|_| Vec::new());
    for (letter, word) in KEYWORDS.lines().filter_map(|line| line.split_once(' ')) {
        if let Some(kind) = Kind::of_keyword(letter.as_bytes()[0])
            && let Some(same_length) = words.get_mut(word.len())
        {
            same_length.push((word.as_bytes(), kind));
        }
    }
    words.map(SameLength::new)
});

/// What `word` means to a database, in any case; none if it means nothing.
pub(super) fn keyword(word: &[u8]) -> Option<Kind> {
    let same_length = WORDS.get(word.len())?;
    let mut upper = [0; TEXT_BYTES_MAX];
    let upper = &mut upper[..word.len()];
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    same_length.find(upper)
}

/// Whether `fingerprint` (letters of kinds, not padded) is one of an injection.
pub(super) fn is_injection(fingerprint: &[u8]) -> bool {
    if fingerprint.is_empty() || fingerprint.len() > FINGERPRINT_TOKENS_MAX {
        return false;
    }
    let mut wanted = [b' '; FINGERPRINT_TOKENS_MAX];
    wanted[..fingerprint.len()].copy_from_slice(fingerprint);
    wanted.make_ascii_uppercase();
    let (mut low, mut high) = (0, FINGERPRINTS.len() / FINGERPRINT_LINE_BYTES);
    while low < high {
        let middle = usize::midpoint(low, high);
        let at = middle * FINGERPRINT_LINE_BYTES;
        match FINGERPRINTS[at..at + FINGERPRINT_TOKENS_MAX].cmp(&wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_sorted_lines_of_equal_length() {
        let lines: Vec<&[u8]> = FINGERPRINTS.chunks(FINGERPRINT_LINE_BYTES).collect();
        assert!(lines.len() > 8000);
        assert!(lines.iter().all(|line| line.len() == FINGERPRINT_LINE_BYTES && line.ends_with(b"\n")));
        assert!(lines.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn every_keyword_line_is_understood() {
        let known: usize = WORDS.iter().map(|same_length| same_length.words.len()).sum();
        // "GROUP BY" and its like are of kind B.
        assert_eq!(known, KEYWORDS.lines().count());
        assert_eq!(keyword(b"sElEcT"), Some(Kind::Expression));
        assert_eq!(keyword(b"union all"), Some(Kind::Union));
        assert_eq!(keyword(b"lamp"), None);
    }
}
