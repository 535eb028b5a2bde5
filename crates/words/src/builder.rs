//! Makes the filter of a file from its texts.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::chunk::{Chunk, each_chunk};
use crate::filter::{self, block_of, set};
use crate::reading::Reader;
use crate::unit::{Unit, each_unit};
use crate::{Block, Word};

/// Distinct words that a filter is sized by: 4 Mi, which take at most 72 MiB while it is made and make 5.5 MB. A file with more keeps all of them
/// in a filter of that size, which then lets more files through that do not have a word.
pub const WORDS_MAX: usize = 4 << 20;
/// Chunks and values that are remembered as seen, as a power of two: 256 KiB each, which stay in the cache of a core.
const SEEN: usize = 1 << 15;

/// Sees the texts of a file, and makes its filter. Used again for the next file.
///
/// # Limits
///
/// [`WORDS_MAX`] words are remembered; one pass over the text, two where it has escapes; nothing is allocated for a word.
#[derive(Debug)]
pub struct Builder {
    reader: Reader,
    words: Words,
    seen_values: Vec<u64>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A builder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { reader: Reader::default(), words: Words::new(), seen_values: vec![0; SEEN] }
    }

    /// Adds the words of a text: a record as it was received.
    pub fn add(&mut self, text: &[u8]) {
        let Self { reader, words, .. } = self;
        reader.each(text, |folded| words.read(folded));
    }

    /// Adds the words of a value of a column. Values repeat, so that one that came before costs little.
    pub fn add_value(&mut self, value: &str) {
        let hash = Word::of(value.as_bytes()).hash();
        let seen = &mut self.seen_values[slot(hash)];
        if *seen != hash {
            *seen = hash;
            self.add(value.as_bytes());
        }
    }

    /// How many distinct words came, as far as they are counted.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words.distinct.len()
    }

    /// The filter's file, whole; forgets everything. The same texts, in any order, make the same bytes unless there were more than
    /// [`WORDS_MAX`] words.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        self.seen_values.fill(0);
        self.words.finish()
    }
}

fn slot(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) & (SEEN - 1)
}

#[derive(Debug)]
struct Words {
    /// Chunks that came lately, by hash: their words are in already.
    seen: Vec<u64>,
    distinct: HashSet<u64, RandomState>,
    /// The filter itself, once there are more words than are remembered.
    full: Option<Vec<Block>>,
    parts: Vec<Unit>,
}

impl Words {
    fn new() -> Self {
        Self { seen: vec![0; SEEN], distinct: HashSet::default(), full: None, parts: Vec::new() }
    }

    fn read(&mut self, folded: &[u8]) {
        each_chunk(folded, |chunk| self.chunk(folded, chunk));
    }

    fn chunk(&mut self, folded: &[u8], chunk: Chunk) {
        let word = Word::of(&folded[chunk.begin..chunk.end]);
        let seen = &mut self.seen[slot(word.hash())];
        if *seen == word.hash() {
            return;
        }
        *seen = word.hash();
        if chunk.is_plain() {
            self.insert(word);
            return;
        }
        let mut parts = std::mem::take(&mut self.parts);
        let mut before: Option<Unit> = None;
        each_unit(folded, chunk, &mut parts, &mut |unit| {
            self.insert(unit.word);
            if let Some(pair) = before.and_then(|before| before.pair(&unit, folded)) {
                self.insert(pair);
            }
            before = Some(unit);
        });
        self.parts = parts;
    }

    fn insert(&mut self, word: Word) {
        if let Some(blocks) = &mut self.full {
            let at = block_of(word, blocks.len());
            set(&mut blocks[at], word);
            return;
        }
        self.distinct.insert(word.hash());
        if self.distinct.len() >= WORDS_MAX {
            self.full = Some(self.blocks());
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![[0; 8]; filter::blocks_for(self.distinct.len())];
        let count = blocks.len();
        for &hash in &self.distinct {
            let word = Word::from_hash(hash);
            set(&mut blocks[block_of(word, count)], word);
        }
        blocks
    }

    fn finish(&mut self) -> Vec<u8> {
        let blocks = self.full.take().unwrap_or_else(|| self.blocks());
        let file = filter::encode(&blocks, self.distinct.len());
        self.seen.fill(0);
        // The next file is about as large.
        self.distinct.clear();
        file
    }
}
