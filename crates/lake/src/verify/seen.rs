//! Which records were seen: a bit each.

use std::ops::Range;

#[derive(Debug, Default)]
pub(crate) struct Seen {
    words: Vec<u64>,
}

impl Seen {
    /// Notes a record; true if it had been seen. Takes an eighth of a byte for each record below it: whoever calls bounds it.
    pub(crate) fn note(&mut self, index: u64) -> bool {
        let (word, bit) = (usize::try_from(index / 64).expect("records fit the memory"), 1 << (index % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let had = self.words[word] & bit != 0;
        self.words[word] |= bit;
        had
    }

    /// Notes all records of a range.
    pub(crate) fn note_all(&mut self, range: Range<u64>) {
        range.for_each(|index| _ = self.note(index));
    }

    pub(crate) fn has(&self, index: u64) -> bool {
        usize::try_from(index / 64)
            .ok()
            .and_then(|word| self.words.get(word))
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// What was not seen below `end` by any.
    pub(crate) fn gaps(all: [&Self; 3], end: u64) -> Vec<Range<u64>> {
        let mut gaps: Vec<Range<u64>> = Vec::new();
        for index in (0..end).filter(|index| all.iter().all(|seen| !seen.has(*index))) {
            match gaps.last_mut() {
                Some(last) if last.end == index => last.end += 1,
                _ => gaps.push(index..index + 1),
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_none_has() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        assert!([0, 1, 63, 64, 200].iter().all(|index| !one.note(*index)) && one.note(64));
        other.note(2);
        assert_eq!(Seen::gaps([&one, &other, &Seen::default()], 203), [3..63, 65..200, 201..203]);
        assert_eq!(Seen::gaps([&one, &Seen::default(), &other], 3), []);
    }
}
