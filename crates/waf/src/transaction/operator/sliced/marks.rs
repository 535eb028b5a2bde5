//! A text read from its end: where matches begin, and from which states a match can still be reached at each place.
//!
//! The sets of a long text are too many to keep: they are kept block by block. Where a block ends, its sets are written
//! down; whoever asks for a place of another block has it read again.

use super::parts::{Parts, Place, Sets};
use super::{SLICES_MAX, Sliced};

/// Sets of so many places, with all their slices, are kept: what the recommended configuration inspects of a body
/// without files is one block. They take 4 MiB.
pub(super) const BLOCK_PLACES: usize = 1 << 17;

/// What was found out of a text.
#[derive(Debug)]
pub(in super::super) struct Marks {
    /// By place, one bit: whether a match begins there.
    starts: Box<[u64]>,
    /// Blocks, the last of the text first.
    blocks: Vec<Block>,
    /// Which of them is at hand.
    at_hand: usize,
    /// Places of the block at hand, the last first.
    places: Box<[Place]>,
}

/// Neighbouring places.
#[derive(Debug)]
struct Block {
    begin: usize,
    end: usize,
    /// The sets at its end.
    sets: Sets,
}

impl Marks {
    /// Reads a text.
    pub(super) fn of(sliced: &Sliced, parts: &mut Parts, text: &[u8]) -> Self {
        let places_max = text.len().min(sliced.block_places);
        let mut marks = Self {
            starts: vec![0; text.len() / 64 + 1].into(),
            blocks: Vec::new(),
            at_hand: 0,
            places: vec![[0; SLICES_MAX]; places_max + 1].into(),
        };
        marks.places[0] = parts.begin(sliced);
        marks.open(sliced, parts, text.len(), 0);
        let mut read = 0;
        for (at, byte) in text.iter().enumerate().rev() {
            if read == places_max || parts.is_full(sliced) {
                marks.open(sliced, parts, at + 1, read);
                read = 0;
            }
            if marks.read(sliced, parts, *byte, read) {
                marks.starts[(at + 1) / 64] |= 1 << ((at + 1) % 64);
            }
            read += 1;
        }
        if parts.starts_here(sliced, &marks.places[read]) {
            marks.starts[0] |= 1;
        }
        if let Some(block) = marks.blocks.last_mut() {
            block.begin = 0;
        }
        marks.at_hand = marks.blocks.len() - 1;
        marks
    }

    /// Begins the next block, which ends where so many bytes of the block at hand were read.
    fn open(&mut self, sliced: &Sliced, parts: &mut Parts, end: usize, read: usize) {
        if let Some(block) = self.blocks.last_mut() {
            block.begin = end;
        }
        let sets = parts.sets(sliced, &self.places[read]);
        self.places[0] = self.places[read];
        if parts.is_full(sliced) {
            parts.forget();
            self.places[0] = parts.resume(sliced, &sets);
        }
        self.blocks.push(Block { begin: 0, end, sets });
    }

    /// Reads a byte of the block at hand, of which so many were read; whether a match begins after it.
    fn read(&mut self, sliced: &Sliced, parts: &mut Parts, byte: u8, read: usize) -> bool {
        let (known, next) = self.places.split_at_mut(read + 1);
        parts.read(sliced, byte, &known[read], &mut next[0])
    }

    /// The first place from `at` on at which a match begins.
    pub(super) fn next_start(&self, at: usize) -> Option<usize> {
        let mut word = at / 64;
        let mut bits = self.starts.get(word)? & u64::MAX << (at % 64);
        while bits == 0 {
            word += 1;
            bits = *self.starts.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// Whether the byte at a place leads from a state that reads it to one from which a match can be reached.
    pub(super) fn is_alive(
        &mut self,
        sliced: &Sliced,
        parts: &mut Parts,
        text: &[u8],
        place: usize,
        state: u32,
    ) -> bool {
        let block = &self.blocks[self.at_hand];
        if !(block.begin..block.end).contains(&place) {
            self.at_hand = self.blocks.partition_point(|block| block.begin > place);
            self.read_again(sliced, parts, text);
        }
        let from_end = self.blocks[self.at_hand].end - 1 - place;
        parts.has(self.places[from_end + 1][sliced.slice_of(state)], state)
    }

    fn read_again(&mut self, sliced: &Sliced, parts: &mut Parts, text: &[u8]) {
        if !self.read_block(sliced, parts, text, true) {
            // A block ends where parts are full: those of one alone are never too many.
            parts.forget();
            self.read_block(sliced, parts, text, false);
        }
    }

    /// Reads the block at hand; not to its end if parts are full and it is to stop then.
    fn read_block(&mut self, sliced: &Sliced, parts: &mut Parts, text: &[u8], stops: bool) -> bool {
        let Block { begin, end, sets } = &self.blocks[self.at_hand];
        let text = &text[*begin..*end];
        self.places[0] = parts.resume(sliced, sets);
        for (read, byte) in text.iter().rev().enumerate() {
            if stops && parts.is_full(sliced) {
                return false;
            }
            self.read(sliced, parts, *byte, read);
        }
        true
    }
}
