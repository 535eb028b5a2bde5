//! Many conditions asked of a text at once, each through its lens.

use super::byte_set::ByteSet;
use super::condition::Condition;
use super::frequency;
use super::scanner::{Present, ScanMemory, Scanner, ScannerBuilder};

/// Conditions that need one of bytes that are less frequent than this are asked apart from others: most texts have none.
const SELDOM: f64 = 0.02;

/// The compiled conditions, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Words of an answer.
    words: usize,
    views: Vec<View>,
    /// For bytes taken to be absent: which conditions are asked otherwise where there are such.
    absent: Vec<(Present, Box<[u64]>)>,
}

/// Conditions that are asked of the same text together.
#[derive(Debug)]
struct View {
    /// Bytes the text is seen without.
    erased: ByteSet,
    erased_classes: Present,
    /// By byte: 1 if it is kept, 0 if it is erased.
    keeps: Box<[u8; 256]>,
    /// Bytes of which a text must have one for any of the conditions to hold.
    need: Present,
    scanner: Scanner,
    /// The conditions asked here, as bits.
    conditions: Box<[u64]>,
}

/// Memory for asking, kept from one text to the next.
#[derive(Debug, Default)]
pub(crate) struct FilterMemory {
    scan: ScanMemory,
    /// What a scanner answers: conditions, then conditions asked otherwise.
    answer: Vec<u64>,
    /// Which conditions are asked otherwise of the text at hand.
    otherwise: Vec<u64>,
    erased: Vec<u8>,
}

/// Gathers the conditions of a view.
struct ViewBuilder {
    erased: ByteSet,
    is_seldom: bool,
    need: ByteSet,
    scanner: ScannerBuilder,
    conditions: Vec<u64>,
}

impl Filter {
    /// Compiles conditions, each with its number; answers take so many words.
    pub(crate) fn new<'c>(conditions: impl Iterator<Item = (usize, &'c Condition)>, words: usize) -> Self {
        let mut filter = Self { words, ..Self::default() };
        let mut views: Vec<ViewBuilder> = Vec::new();
        for (number, condition) in conditions {
            let erased = condition.lens.erased;
            let is_seldom = frequency::share(&condition.need) < SELDOM;
            let known = views.iter().position(|view| view.erased == erased && view.is_seldom == is_seldom);
            let at = known.unwrap_or_else(|| {
                let (scanner, conditions) = (ScannerBuilder::default(), vec![0; words]);
                views.push(ViewBuilder { erased, is_seldom, need: ByteSet::EMPTY, scanner, conditions });
                views.len() - 1
            });
            let view = &mut views[at];
            view.need = view.need.union(&condition.need);
            set(&mut view.conditions, number);
            // What is left of a short text once bytes are erased is shorter still.
            let bytes_min = if erased.is_empty() { condition.bytes_min } else { 0 };
            view.scanner.add(index(number), &condition.program, bytes_min);
            if let Some(otherwise) = &condition.otherwise {
                view.scanner.add(index(words * 64 + number), otherwise, bytes_min);
                filter.asked_otherwise(Present::of(&condition.lens.absent), number);
            }
        }
        let mut sets: Vec<ByteSet> = Vec::new();
        views.sort_by_cached_key(|view| {
            sets.iter().position(|set| *set == view.erased).unwrap_or_else(|| {
                sets.push(view.erased);
                sets.len() - 1
            })
        });
        filter.views = views.into_iter().map(|view| view.finish(words)).collect();
        filter
    }

    fn asked_otherwise(&mut self, absent: Present, number: usize) {
        let at = self.absent.iter().position(|(known, _)| *known == absent).unwrap_or_else(|| {
            self.absent.push((absent, vec![0; self.words].into()));
            self.absent.len() - 1
        });
        set(&mut self.absent[at].1, number);
    }

    /// Writes to `answer` which of the `wanted` conditions `text`, which has the bytes `present`, fulfils; of others it may
    /// say anything.
    pub(crate) fn ask(
        &self,
        text: &[u8],
        present: Present,
        wanted: &[u64],
        memory: &mut FilterMemory,
        answer: &mut [u64],
    ) {
        answer.fill(0);
        memory.prepare(self);
        for (absent, conditions) in &self.absent {
            if absent.intersects(present) {
                memory.otherwise.iter_mut().zip(conditions).for_each(|(word, bits)| *word |= bits);
            }
        }
        // What the text was seen without last: views of the same bytes stand next to each other.
        let mut seen_without = None;
        for view in &self.views {
            if !view.need.intersects(present) && !view.need.is_any() || !view.is_wanted(wanted) {
                continue;
            }
            let FilterMemory { scan, answer: found, erased, .. } = memory;
            let seen = if view.erased_classes.intersects(present) {
                if seen_without.replace(view.erased) != Some(view.erased) {
                    view.erase(text, erased);
                }
                &**erased
            } else {
                text
            };
            view.scanner.scan(seen, present, scan, found);
            view.collect(memory, answer);
        }
    }
}

impl ViewBuilder {
    fn finish(self, words: usize) -> View {
        View {
            erased: self.erased,
            erased_classes: Present::of(&self.erased),
            keeps: Box::new(std::array::from_fn(|byte| u8::from(!self.erased.contains(byte as u8)))),
            need: if self.need == ByteSet::ANY { Present::ANY } else { Present::of(&self.need) },
            scanner: self.scanner.finish(words * 128),
            conditions: self.conditions.into(),
        }
    }
}

impl View {
    fn is_wanted(&self, wanted: &[u64]) -> bool {
        self.conditions.iter().zip(wanted).any(|(own, wanted)| own & wanted != 0)
    }

    /// Writes the text without the bytes it is seen without.
    fn erase(&self, text: &[u8], erased: &mut Vec<u8>) {
        erased.resize(text.len(), 0);
        let mut kept = 0;
        // Without a branch, which hostile texts would have mispredicted at every byte.
        for byte in text {
            erased[kept] = *byte;
            kept += usize::from(self.keeps[usize::from(*byte)]);
        }
        erased.truncate(kept);
    }

    /// Takes over the answers of the view's conditions.
    fn collect(&self, memory: &FilterMemory, answer: &mut [u64]) {
        let (plain, otherwise) = memory.answer.split_at(self.conditions.len());
        for (at, conditions) in self.conditions.iter().enumerate() {
            let switched = memory.otherwise[at];
            answer[at] |= conditions & (plain[at] & !switched | otherwise[at] & switched);
        }
    }
}

impl FilterMemory {
    fn prepare(&mut self, filter: &Filter) {
        self.answer.resize(filter.words * 2, 0);
        self.otherwise.clear();
        self.otherwise.resize(filter.words, 0);
    }
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("there are fewer than 2^32 conditions")
}

fn set(bits: &mut [u64], number: usize) {
    bits[number / 64] |= 1 << (number % 64);
}
