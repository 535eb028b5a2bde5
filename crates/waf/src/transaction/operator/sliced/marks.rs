//! A text read from its end: where matches begin, and from which states a match can still be reached at each place.
//!
//! The sets of a long text are too many to keep: they are kept block by block. Where a block ends, its sets are written
//! down; whoever asks for a place of another block has it read again.

use super::Sliced;
use super::parts::{Parts, Sets};

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
    /// Place by place of the block at hand, the last place first, by slice: the row of the part.
    rows: Vec<u16>,
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
        let mut marks =
            Self { starts: vec![0; text.len() / 64 + 1].into(), blocks: Vec::new(), at_hand: 0, rows: Vec::new() };
        marks.rows.reserve_exact(text.len().min(sliced.block_places) * sliced.slices);
        parts.begin(sliced);
        marks.open(sliced, parts, text.len());
        for (place, byte) in text.iter().enumerate().rev() {
            let places = place + 1;
            if marks.rows.len() >= sliced.block_places * sliced.slices || parts.is_full(sliced) {
                marks.open(sliced, parts, places);
            }
            if parts.read(sliced, *byte) {
                marks.starts[places / 64] |= 1 << (places % 64);
            }
            marks.keep(sliced, parts);
        }
        if parts.starts_here(sliced) {
            marks.starts[0] |= 1;
        }
        if let Some(block) = marks.blocks.last_mut() {
            block.begin = 0;
        }
        marks.at_hand = marks.blocks.len() - 1;
        marks
    }

    /// Begins the next block, which ends here.
    fn open(&mut self, sliced: &Sliced, parts: &mut Parts, end: usize) {
        if let Some(block) = self.blocks.last_mut() {
            block.begin = end;
        }
        let sets = parts.sets(sliced);
        if parts.is_full(sliced) {
            parts.forget();
            parts.resume(sliced, &sets);
        }
        self.blocks.push(Block { begin: 0, end, sets });
        self.rows.clear();
    }

    fn keep(&mut self, sliced: &Sliced, parts: &Parts) {
        self.rows.extend(parts.now(sliced).iter().map(|part| (part >> sliced.row_bits) as u16));
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
        parts.has(self.rows[from_end * sliced.slices + sliced.slice_of(state)], state)
    }

    fn read_again(&mut self, sliced: &Sliced, parts: &mut Parts, text: &[u8]) {
        // What is known now and what one block may add is at most twice what is kept otherwise.
        if parts.is_full(sliced) {
            parts.forget();
        }
        self.rows.clear();
        let Block { begin, end, .. } = self.blocks[self.at_hand];
        parts.resume(sliced, &self.blocks[self.at_hand].sets);
        for byte in text[begin..end].iter().rev() {
            parts.read(sliced, *byte);
            self.keep(sliced, parts);
        }
    }
}
