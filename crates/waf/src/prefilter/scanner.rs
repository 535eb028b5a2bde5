//! Many programs asked of a text in one pass.
//!
//! Every gram has a window: two, three or four neighbouring places. Bytes are folded into 128 classes, so that a window is a
//! small number; one bit for each number says whether any gram's window can look like it. Only where the bit is set, the
//! grams behind it are held against the bytes.

mod build;
mod class;
mod stride;
mod window;

use super::byte_set::ByteSet;
use super::gram::PLACES_MAX;

pub(crate) use build::ScannerBuilder;
pub(crate) use class::Present;
use class::{EDGE, class_of};
use stride::Stride;
use window::{Numbering, Windows};

/// A gram reaches no further than this from its window's last place.
const REACH: usize = PLACES_MAX - 1;
/// Of a run of one byte, so many are looked at before others are left out: at the last of them, everything within reach
/// was the same for more places than a sequence has clauses, so that more of the same tells nothing new.
const RUN_LOOKED_AT: usize = REACH + build::CLAUSES_MAX as usize + 1;

/// How many places may be left out after the first of `rest`: as far as everything within reach is the same byte.
fn skipped(rest: &[u8]) -> usize {
    let same = rest.iter().take_while(|byte| **byte == rest[0]).count();
    same.saturating_sub(REACH + 1)
}

/// What is to be answered: a program's index.
pub(crate) type JudgeId = u32;

/// The compiled programs.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    numbering: Numbering,
    /// Where windows may end.
    stride: Stride,
    /// One bit a window, by its number.
    windows: Box<[u64]>,
    /// By word of `windows`: how many bits are set before it.
    ranks: Box<[u32]>,
    /// By rank of a window: its bucket.
    bucket_of: Box<[u32]>,
    /// By bucket: where its grams begin in `bucket_grams`; one more at the end.
    buckets: Box<[u32]>,
    bucket_grams: Box<[u32]>,
    grams: Box<[ScannedGram]>,
    /// What the grams' places admit.
    places: Box<[Place]>,
    sets: Box<[ByteSet]>,
    uses: Box<[Use]>,
    sequences: Box<[ScannedSequence]>,
    needs: Box<[Present]>,
    /// Sequences without clauses.
    unordered: Box<[u32]>,
    /// Programs that hold of every text, as bits.
    always: Box<[u64]>,
}

/// A gram as it is held against a text.
#[derive(Debug)]
struct ScannedGram {
    /// Its places within [`Scanner::places`], those that rarely fit first.
    places: (u32, u32),
    /// What follows from it within [`Scanner::uses`], earlier clauses first.
    uses: (u32, u32),
    /// Where the uses as a first clause end.
    uses_first: u32,
}

/// One place of a gram.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// From the window's last place.
    offset: i16,
    set: u16,
}

/// A gram is in a clause of a sequence.
#[derive(Debug, Clone, Copy)]
struct Use {
    sequence: u32,
    clause: u8,
}

#[derive(Debug)]
struct ScannedSequence {
    judge: JudgeId,
    clauses: u8,
    /// Within [`Scanner::needs`]: a text has one byte of each.
    needs: (u32, u32),
    /// A text has at least so many bytes.
    bytes_min: u32,
}

/// Memory for scanning, kept from one text to the next.
#[derive(Debug, Default)]
pub(crate) struct ScanMemory {
    /// By sequence: how many clauses were met.
    progress: Vec<u8>,
    /// By gram: whether it was met.
    met: Vec<bool>,
    /// Sequences with progress.
    touched: Vec<u32>,
    /// Grams that were met.
    met_grams: Vec<u32>,
    /// Sequences all of whose clauses were met.
    complete: Vec<u32>,
    /// Grams met at the place at hand.
    here: Vec<u32>,
}

impl ScanMemory {
    fn prepare(&mut self, scanner: &Scanner) {
        // All is zero between two texts, whichever scanner the memory was used with.
        if self.progress.len() < scanner.sequences.len() {
            self.progress.resize(scanner.sequences.len(), 0);
        }
        if self.met.len() < scanner.grams.len() {
            self.met.resize(scanner.grams.len(), false);
        }
    }

    fn clear(&mut self) {
        self.touched.drain(..).for_each(|sequence| self.progress[sequence as usize] = 0);
        self.met_grams.drain(..).for_each(|gram| self.met[gram as usize] = false);
        self.complete.clear();
    }
}

impl Scanner {
    /// Writes to `answer` which programs may hold of `text`, one bit each. `present`: what bytes there are, or were before
    /// some were erased.
    pub(crate) fn scan(&self, text: &[u8], present: Present, memory: &mut ScanMemory, answer: &mut [u64]) {
        memory.prepare(self);
        answer.copy_from_slice(&self.always);
        if self.stride.is_every() {
            self.meet_everywhere(text, memory);
        } else {
            self.meet_where_any_ends(text, memory);
        }
        for &sequence in memory.complete.iter().chain(&self.unordered) {
            let sequence = &self.sequences[sequence as usize];
            let needs = &self.needs[sequence.needs.0 as usize..sequence.needs.1 as usize];
            if text.len() >= sequence.bytes_min as usize && needs.iter().all(|need| need.intersects(present)) {
                answer[sequence.judge as usize / 64] |= 1 << (sequence.judge % 64);
            }
        }
        memory.clear();
    }

    /// Holds all windows of the text against the grams'.
    fn meet_everywhere(&self, text: &[u8], memory: &mut ScanMemory) {
        let mut windows = Windows::default();
        let (mut at, mut run, mut before) = (0, 0, None);
        while let Some(&byte) = text.get(at) {
            windows = windows.next(class_of(byte));
            if self.is_any_known(windows) {
                self.meet(text, at, windows, memory);
            }
            run = if before == Some(byte) { run + 1 } else { 0 };
            before = Some(byte);
            at += if run == RUN_LOOKED_AT { 1 + skipped(&text[at..]) } else { 1 };
        }
        self.meet_end(text, windows, memory);
    }

    /// The same, without the places where no gram's window ends.
    fn meet_where_any_ends(&self, text: &[u8], memory: &mut ScanMemory) {
        let (mut from, mut run, mut before) = (0, 0, None);
        while let Some(at) = self.stride.next(text, from) {
            let windows = Windows::ending(&text[..=at]);
            if self.is_any_known(windows) {
                self.meet(text, at, windows, memory);
            }
            let here = Some((at, text[at]));
            run = if before == here { run + 1 } else { 0 };
            before = Some((at + 1, text[at]));
            from = at + if run == RUN_LOOKED_AT { 1 + skipped(&text[at..]) } else { 1 };
        }
        self.meet_end(text, Windows::ending(text), memory);
    }

    /// Holds the windows that end beyond the text against the grams'. `windows`: those that end with it.
    fn meet_end(&self, text: &[u8], windows: Windows, memory: &mut ScanMemory) {
        let windows = windows.next(EDGE);
        if self.is_any_known(windows) {
            self.meet(text, text.len(), windows, memory);
        }
    }

    /// Whether any gram's window can look like this.
    fn is_known(&self, number: usize) -> bool {
        self.windows[number / 64] >> (number % 64) & 1 != 0
    }

    fn is_any_known(&self, windows: Windows) -> bool {
        self.numbering.numbers(windows).into_iter().fold(false, |any, number| any | self.is_known(number))
    }

    #[cold]
    fn meet(&self, text: &[u8], at: usize, windows: Windows, memory: &mut ScanMemory) {
        memory.here.clear();
        for number in self.numbering.numbers(windows) {
            if self.is_known(number) {
                self.look_behind(number, text, at, memory);
            }
        }
        if memory.here.is_empty() {
            return;
        }
        // An earlier clause and a later one may end at the same place: the earlier is counted first.
        for clause in 0..build::CLAUSES_MAX {
            for here in 0..memory.here.len() {
                let index = memory.here[here];
                self.count(index, clause, memory);
            }
        }
        for here in 0..memory.here.len() {
            let index = memory.here[here];
            if !std::mem::replace(&mut memory.met[index as usize], true) {
                memory.met_grams.push(index);
            }
        }
    }

    /// Holds the grams behind a window against the text.
    fn look_behind(&self, number: usize, text: &[u8], at: usize, memory: &mut ScanMemory) {
        let word = number / 64;
        let below = self.windows[word] & ((1 << (number % 64)) - 1);
        let bucket = self.bucket_of[(self.ranks[word] + below.count_ones()) as usize] as usize;
        let grams = &self.bucket_grams[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize];
        for &index in grams {
            let gram = &self.grams[index as usize];
            let is_known = memory.met[index as usize] && gram.uses_first == gram.uses.1;
            if !is_known && self.stands(gram, text, at) {
                memory.here.push(index);
            }
        }
    }

    fn stands(&self, gram: &ScannedGram, text: &[u8], at: usize) -> bool {
        self.places[gram.places.0 as usize..gram.places.1 as usize].iter().all(|place| {
            // Before the text, the index wraps to beyond it.
            let index = at.wrapping_add_signed(isize::from(place.offset));
            self.sets[usize::from(place.set)].admits(text.get(index))
        })
    }

    /// Counts a gram where it is in the `clause`-th clause of a sequence.
    fn count(&self, index: u32, clause: u8, memory: &mut ScanMemory) {
        let gram = &self.grams[index as usize];
        let uses = if clause > 0 {
            gram.uses_first..gram.uses.1
        } else if memory.met[index as usize] {
            return;
        } else {
            gram.uses.0..gram.uses_first
        };
        for usage in &self.uses[uses.start as usize..uses.end as usize] {
            let progress = &mut memory.progress[usage.sequence as usize];
            if usage.clause != clause || *progress != clause {
                continue;
            }
            if clause == 0 {
                memory.touched.push(usage.sequence);
            }
            *progress += 1;
            if *progress == self.sequences[usage.sequence as usize].clauses {
                memory.complete.push(usage.sequence);
            }
        }
    }
}
