//! Which places of a text are worth a look: a scanner of few windows leaves most of them out.
//!
//! A place is left out if its byte, the one before it or both of them tell that no window ends there. Only speed depends on
//! which of them is asked.

use super::class::{self, CLASS_BITS, CLASSES_MAX, EDGE, class_of};

/// So many bytes are searched for at once, many places in one step.
const SEARCHED_MAX: usize = 3;
/// What a place costs, about, in cycles of a processor.
const SEARCH_COST: f64 = 0.1;
const TABLE_COST: f64 = 1.0;
const PAIRS_COST: f64 = 2.5;
const EVERY_COST: f64 = 8.0;
/// What it costs to stop at a place: it is not foreseen, and what is known of the places before is gathered anew.
const STOP_COST: f64 = 23.0;

/// Numbers of two neighbouring classes.
const PAIRS: usize = CLASSES_MAX * CLASSES_MAX;

/// How a text is gone through.
#[derive(Debug, Default)]
pub(super) enum Stride {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To the next of a few bytes. A window may end at its place, or so many after it.
    Search(Box<[u8]>, usize),
    /// To the next of many bytes, likewise.
    Table(Box<[bool; 256]>, usize),
    /// To the next of certain neighbours, one bit each.
    Pairs(Box<[u64; PAIRS / 64]>),
    /// From place to place.
    Every,
}

/// The last two places of all windows, as classes.
pub(super) struct Ends {
    /// By class of the place before the last: those of the last, as bits.
    after: [u128; CLASSES_MAX],
}

impl Default for Ends {
    fn default() -> Self {
        Self { after: [0; CLASSES_MAX] }
    }
}

impl Ends {
    pub(super) fn add(&mut self, before: u128, last: u128) {
        class::ones(before).for_each(|class| self.after[class as usize] |= last);
    }

    fn before(&self) -> u128 {
        let classes = (0..).zip(self.after).filter(|(_, after)| *after != 0);
        classes.fold(0, |all, (class, _): (u32, _)| all | 1 << class)
    }

    /// Which part of the neighbours of texts they are.
    fn share(&self) -> f64 {
        let after = || (0..).zip(self.after).filter(|(_, after)| *after != 0);
        let of = |share: fn(u128) -> f64| -> f64 {
            after().map(|(class, after): (u32, _)| share(1 << class) * share(after)).sum()
        };
        of(class::share).max(of(class::share_of_any))
    }

    fn pairs(&self) -> Stride {
        let mut pairs = Box::new([0; PAIRS / 64]);
        for (before, after) in self.after.into_iter().enumerate() {
            for last in class::ones(after) {
                let pair = before << CLASS_BITS | last as usize;
                pairs[pair / 64] |= 1 << (pair % 64);
            }
        }
        Stride::Pairs(pairs)
    }
}

impl Stride {
    /// The way that costs least.
    pub(super) fn new(ends: &Ends) -> Self {
        let last = ends.after.into_iter().fold(0, |all, after| all | after);
        let mut best = (EVERY_COST, Self::Every);
        let ways =
            [Self::to(last, 0), Self::to(ends.before(), 1), (PAIRS_COST + ends.share() * STOP_COST, ends.pairs())];
        for way in ways {
            best = if way.0 < best.0 { way } else { best };
        }
        best.1
    }

    /// The way to the bytes of these classes, so many before a window's last place, and what it costs.
    fn to(classes: u128, back: usize) -> (f64, Self) {
        // Beyond the edge is looked at always.
        let classes = classes & !(1 << EDGE);
        let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| classes >> class_of(*byte) & 1 != 0).collect();
        let stops = class::share(classes).max(class::share_of_any(classes)) * STOP_COST;
        match bytes.len() {
            0 if back == 0 => (0.0, Self::Nowhere),
            0..=SEARCHED_MAX => (SEARCH_COST + stops, Self::Search(bytes.into(), back)),
            _ => {
                let mut table = Box::new([false; 256]);
                bytes.iter().for_each(|byte| table[usize::from(*byte)] = true);
                (TABLE_COST + stops, Self::Table(table, back))
            }
        }
    }

    /// Whether no place can be left out.
    pub(super) fn is_every(&self) -> bool {
        matches!(self, Self::Every)
    }

    /// The next place of `text`, from `from` on, at which a window may end.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Nowhere => None,
            Self::Search(bytes, back) => next_after(text, from, *back, |rest| match **bytes {
                [one] => memchr::memchr(one, rest),
                [one, two] => memchr::memchr2(one, two, rest),
                [one, two, three] => memchr::memchr3(one, two, three, rest),
                _ => rest.iter().position(|byte| bytes.contains(byte)),
            }),
            Self::Table(table, back) => {
                next_after(text, from, *back, |rest| rest.iter().position(|byte| table[usize::from(*byte)]))
            }
            Self::Pairs(pairs) => {
                let mut before = from.checked_sub(1).map_or(EDGE, |before| class_of(text[before]));
                let found = text.get(from..)?.iter().position(|byte| {
                    let last = class_of(*byte);
                    let pair = (usize::from(before) << CLASS_BITS | usize::from(last)) % PAIRS;
                    before = last;
                    pairs[pair / 64] >> (pair % 64) & 1 != 0
                });
                Some(from + found?)
            }
            Self::Every => (from < text.len()).then_some(from),
        }
    }
}

/// The next place from `from` on that is `back` after one that `search` finds.
fn next_after(text: &[u8], from: usize, back: usize, search: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    // What tells of the first places is before the text.
    let Some(start) = from.checked_sub(back) else { return (from < text.len()).then_some(from) };
    let rest = text.get(start..text.len().saturating_sub(back))?;
    Some(from + search(rest)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Classes at the last two places of windows, few or many.
    fn ends() -> impl Strategy<Value = Vec<(u128, u128)>> {
        let classes = || proptest::collection::vec(0..CLASSES_MAX as u32, 1..40);
        let bits = |classes: Vec<u32>| classes.into_iter().fold(0, |all, class| all | 1_u128 << class);
        proptest::collection::vec((classes().prop_map(bits), classes().prop_map(bits)), 0..4)
    }

    proptest! {
        #[test]
        fn no_place_at_which_a_window_ends_is_left_out(
            windows in ends(),
            text in proptest::collection::vec(any::<u8>(), 0..60),
            few in any::<bool>(),
        ) {
            let mut ends = Ends::default();
            for (before, last) in &windows {
                // A class alone makes for a search.
                let one = |classes: u128| if few { 1 << classes.trailing_zeros() } else { classes };
                ends.add(one(*before), one(*last));
            }
            let last = ends.after.into_iter().fold(0, |all, after| all | after);
            let ways = [Stride::new(&ends), Stride::to(last, 0).1, Stride::to(ends.before(), 1).1, ends.pairs()];
            for stride in ways {
                let mut from = 0;
                let mut stops = Vec::new();
                while let Some(at) = stride.next(&text, from) {
                    prop_assert!(at >= from && at < text.len());
                    stops.push(at);
                    from = at + 1;
                }
                for at in 0..text.len() {
                    let before = at.checked_sub(1).map_or(EDGE, |before| class_of(text[before]));
                    let is_end = ends.after[usize::from(before)] >> class_of(text[at]) & 1 != 0;
                    prop_assert!(!is_end || stops.contains(&at), "{stride:?} leaves out {at}");
                }
            }
        }
    }
}
