//! Builds a [`Scanner`] from programs.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::class::{self, Present, ones};
use super::stride::{Ends, Stride};
use super::window::{Numbering, PLACES_MAX, PLACES_MIN, Windows};
use super::{JudgeId, Place, ScannedGram, ScannedSequence, Scanner, Use};
use crate::prefilter::byte_set::ByteSet;
use crate::prefilter::frequency;
use crate::prefilter::gram::Gram;
use crate::prefilter::program::Program;

/// Clauses a sequence may have.
pub(super) const CLAUSES_MAX: u8 = 3;
/// What one more window of two places that a gram may look like costs, in shares: they have numbers of their own.
const PAIR_COST: f64 = 1e-7;

/// Gathers programs.
#[derive(Debug, Default)]
pub(crate) struct ScannerBuilder {
    judges: usize,
    always: Vec<JudgeId>,
    sequences: Vec<ScannedSequence>,
    needs: Vec<Present>,
    unordered: Vec<u32>,
    grams: Vec<(Gram, Vec<Use>)>,
    by_gram: HashMap<Gram, u32, RandomState>,
}

impl ScannerBuilder {
    /// Adds a program; texts shorter than `bytes_min` cannot match.
    pub(crate) fn add(&mut self, judge: JudgeId, program: &Program, bytes_min: usize) {
        self.judges = self.judges.max(judge as usize + 1);
        let bytes_min = u32::try_from(bytes_min).unwrap_or(u32::MAX);
        for sequence in &program.sequences {
            if sequence.clauses.is_empty() && bytes_min == 0 {
                self.always.push(judge);
                continue;
            }
            let index = u32::try_from(self.sequences.len()).expect("there are fewer than 2^32 sequences");
            let from = self.needs.len();
            let mut ordered = Vec::new();
            for clause in &sequence.clauses {
                match clause.need() {
                    Some(need) => self.needs.push(Present::of(&need)),
                    None => ordered.push(clause),
                }
            }
            for (clause, number) in ordered.iter().zip(0_u8..) {
                clause.grams.iter().for_each(|gram| self.gram(gram, Use { sequence: index, clause: number }));
            }
            let clauses = u8::try_from(ordered.len()).expect("a sequence has few clauses");
            if clauses == 0 {
                self.unordered.push(index);
            }
            let needs = (from as u32, self.needs.len() as u32);
            self.sequences.push(ScannedSequence { judge, clauses, needs, bytes_min });
        }
    }

    fn gram(&mut self, gram: &Gram, usage: Use) {
        let index = match self.by_gram.get(gram) {
            Some(index) => *index as usize,
            None => {
                self.by_gram.insert(gram.clone(), self.grams.len() as u32);
                self.grams.push((gram.clone(), Vec::new()));
                self.grams.len() - 1
            }
        };
        self.grams[index].1.push(usage);
    }

    /// Builds the scanner for `judges` programs.
    pub(crate) fn finish(mut self, judges: usize) -> Scanner {
        let mut always = vec![0_u64; judges.max(self.judges).div_ceil(64)];
        self.always.iter().for_each(|judge| always[*judge as usize / 64] |= 1 << (judge % 64));
        let numbering = Numbering::for_grams(self.grams.len());
        let mut looks: Vec<(u32, u32)> = Vec::new();
        let mut scanner = Scanner { always: always.into(), numbering, ..Scanner::default() };
        let mut sets = Interned::default();
        let (mut grams, mut places, mut uses) = (Vec::new(), Vec::new(), Vec::new());
        let mut ends = Ends::default();
        for (index, (gram, used)) in self.grams.iter_mut().enumerate() {
            let seen: Vec<(u16, SeenPlace)> = gram.places.iter().map(|set| sets.of(set)).collect();
            let window = Window::of(&seen, numbering);
            window.looks(&seen, numbering, |look| looks.push((look, index as u32)));
            ends.add(seen[window.end - 1].1.mask, seen[window.end].1.mask);
            let from = places.len() as u32;
            places.extend(window.places(&seen));
            used.sort_by_key(|usage| usage.clause);
            let first = uses.len() as u32;
            uses.extend_from_slice(used);
            let uses_first = first + used.iter().filter(|usage| usage.clause == 0).count() as u32;
            grams.push(ScannedGram {
                places: (from, places.len() as u32),
                uses: (first, uses.len() as u32),
                uses_first,
            });
        }
        scanner.grams = grams.into();
        scanner.places = places.into();
        scanner.uses = uses.into();
        scanner.sets = sets.sets.into();
        scanner.sequences = self.sequences.into();
        scanner.needs = self.needs.into();
        scanner.unordered = self.unordered.into();
        scanner.stride = Stride::new(&ends);
        scanner.index(looks);
        scanner
    }
}

impl Scanner {
    /// Lays out windows, ranks and buckets.
    fn index(&mut self, mut looks: Vec<(u32, u32)>) {
        let mut windows = vec![0_u64; self.numbering.count().div_ceil(64)];
        looks.sort_unstable();
        looks.dedup();
        let mut buckets: HashMap<Vec<u32>, u32, RandomState> = HashMap::default();
        let (mut starts, mut members, mut bucket_of) = (vec![0], Vec::new(), Vec::new());
        for same in looks.chunk_by(|one, two| one.0 == two.0) {
            let look = same[0].0;
            windows[look as usize / 64] |= 1 << (look % 64);
            let next = buckets.len() as u32;
            let grams: Vec<u32> = same.iter().map(|(_, gram)| *gram).collect();
            let bucket = *buckets.entry(grams).or_insert_with_key(|grams| {
                members.extend_from_slice(grams);
                starts.push(members.len() as u32);
                next
            });
            bucket_of.push(bucket);
        }
        let mut before = 0;
        let ranks = windows.iter().map(|word| {
            before += word.count_ones();
            before - word.count_ones()
        });
        self.ranks = ranks.collect();
        self.windows = windows.into();
        self.bucket_of = bucket_of.into();
        self.buckets = starts.into();
        self.bucket_grams = members.into();
    }
}

/// The places of a gram that are looked up.
struct Window {
    /// How many.
    places: usize,
    /// The last of them.
    end: usize,
}

/// What a place looks like in classes.
#[derive(Clone, Copy)]
struct SeenPlace {
    mask: u128,
    /// How often one of the classes stands at a place.
    class_share: f64,
    /// How often one of the bytes does.
    share: f64,
}

impl Window {
    /// The window that is met least often.
    fn of(seen: &[(u16, SeenPlace)], numbering: Numbering) -> Self {
        let windows =
            (PLACES_MIN..=PLACES_MAX).flat_map(|places| (places - 1..seen.len()).map(move |end| Self { places, end }));
        let cost = |window: &Self| {
            let look = if window.places == 2 { PAIR_COST } else { numbering.hashed_cost() };
            window.within(seen).map(|place| place.class_share).product::<f64>() + window.count(seen) * look
        };
        windows.min_by(|one, two| cost(one).total_cmp(&cost(two))).expect("a telling gram has two places")
    }

    fn within<'s>(&self, seen: &'s [(u16, SeenPlace)]) -> impl Iterator<Item = &'s SeenPlace> + use<'s> {
        seen[self.end + 1 - self.places..=self.end].iter().map(|(_, place)| place)
    }

    /// How many windows it can look like.
    fn count(&self, seen: &[(u16, SeenPlace)]) -> f64 {
        self.within(seen).map(|place| f64::from(place.mask.count_ones())).product()
    }

    /// The numbers of all windows it can look like.
    fn looks(&self, seen: &[(u16, SeenPlace)], numbering: Numbering, mut each: impl FnMut(u32)) {
        let mut looks = vec![Windows::default()];
        for place in self.within(seen) {
            looks = looks.iter().flat_map(|look| ones(place.mask).map(|class| look.next(class as u8))).collect();
        }
        for look in looks {
            each(numbering.numbers(look)[self.places - PLACES_MIN] as u32);
        }
    }

    /// The gram's places from the window's last, those that rarely fit first.
    fn places(&self, seen: &[(u16, SeenPlace)]) -> impl Iterator<Item = Place> + use<> {
        let mut places: Vec<(usize, (u16, SeenPlace))> = seen.iter().copied().enumerate().collect();
        places.sort_by(|(_, (_, one)), (_, (_, two))| one.share.total_cmp(&two.share));
        let end = self.end as i16;
        places.into_iter().map(move |(at, (set, _))| Place { offset: at as i16 - end, set })
    }
}

/// Sets, each once.
#[derive(Default)]
struct Interned {
    sets: Vec<ByteSet>,
    known: HashMap<ByteSet, (u16, SeenPlace), RandomState>,
}

impl Interned {
    fn of(&mut self, set: &ByteSet) -> (u16, SeenPlace) {
        *self.known.entry(*set).or_insert_with(|| {
            self.sets.push(*set);
            let mask = class::mask(set);
            let seen = SeenPlace { mask, class_share: class::share(mask), share: frequency::share(set) };
            (u16::try_from(self.sets.len() - 1).expect("patterns have few distinct classes"), seen)
        })
    }
}
