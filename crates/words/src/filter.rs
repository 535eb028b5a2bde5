//! The filter of the words a file holds: a Bloom filter in blocks of 32 bytes, so that one read of 32 bytes answers.
//!
//! The file:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `skwords1`: magic and version |
//! | 8 | 4 | number of blocks, at least 1 |
//! | 12 | 4 | 0 |
//! | 16 | 8 | distinct words it was made for |
//! | 24 | 8 | XXH3-64 of the blocks |
//! | 32 | 8 | XXH3-64 of the 32 bytes before |
//! | 40 | 24 | 0 |
//! | 64 | 32 × blocks | blocks |
//!
//! Numbers are little-endian. A word's block is `((hash >> 32) × blocks) >> 32`; in each of the block's eight 32-bit numbers it sets the bit
//! `(low half of hash × salt) >> 27`. Sized by [`BITS_PER_WORD`], about 1 % of words that are not in the file are taken to be.
//!
//! A read of one block does not check the blocks' checksum; [`Filter::check`] does.
//!
//! Source: Apache Parquet, "Parquet Bloom Filter" (split block Bloom filter), with another hash.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::Word;

/// Bytes of a block.
pub const BLOCK_BYTES: usize = 32;
/// Bytes before the blocks.
pub const HEADER_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"skwords1";
/// One false positive in a hundred. Source: the table in Parquet's description.
const BITS_PER_WORD: f64 = 10.5;
/// Source: Parquet's description.
const SALT: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// A block: eight numbers of 32 bits.
pub type Block = [u32; 8];

/// Why a filter cannot be used.
#[derive(Debug, Error)]
pub enum FilterError {
    /// The file could not be read.
    #[error("failed to read the filter of words")]
    Read(#[from] io::Error),
    /// It is no such file, or one of a later version.
    #[error("no filter of words: it does not begin with `skwords1`")]
    Magic,
    /// Its header was altered or is torn.
    #[error("the header of the filter of words does not fit its checksum")]
    Header,
    /// The file is shorter or longer than its header says.
    #[error("the filter of words has {found} bytes, its header says {said}")]
    Length {
        /// Bytes the file has.
        found: u64,
        /// Bytes it should have.
        said: u64,
    },
    /// Its blocks were altered.
    #[error("the blocks of the filter of words do not fit their checksum")]
    Blocks,
}

/// Where bytes of a filter come from.
pub trait ReadAt {
    /// Fills `buffer` with the bytes at `offset`.
    ///
    /// # Errors
    ///
    /// What the file system says, or an unexpected end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Bytes there are.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn bytes(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let begin = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.get(begin..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_at(buffer, offset)
    }

    fn bytes(&self) -> io::Result<u64> {
        (**self).bytes()
    }
}

/// What a filter's header says: enough to know which bytes answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    blocks: u32,
    words: u64,
    checksum: u64,
}

impl Shape {
    /// Reads the header of a file of so many bytes.
    ///
    /// # Errors
    ///
    /// It is no filter, or torn.
    pub fn read(header: &[u8; HEADER_BYTES], file_bytes: u64) -> Result<Self, FilterError> {
        let number = |at: usize| u64::from_le_bytes(array(&header[at..at + 8]));
        if header[..8] != MAGIC {
            return Err(FilterError::Magic);
        }
        let blocks = u32::from_le_bytes(array(&header[8..12]));
        if number(32) != xxh3_64(&header[..32]) || blocks == 0 {
            return Err(FilterError::Header);
        }
        let said = (HEADER_BYTES + BLOCK_BYTES * blocks as usize) as u64;
        if file_bytes != said {
            return Err(FilterError::Length { found: file_bytes, said });
        }
        Ok(Self { blocks, words: number(16), checksum: number(24) })
    }

    /// Distinct words it was made for.
    #[must_use]
    pub const fn words(&self) -> u64 {
        self.words
    }

    /// Where the [`BLOCK_BYTES`] that answer for a word begin.
    #[must_use]
    pub fn offset(&self, word: Word) -> u64 {
        (HEADER_BYTES + BLOCK_BYTES * block_of(word, self.blocks as usize)) as u64
    }

    /// What those bytes answer: `false` if the file does not have the word.
    #[must_use]
    pub fn answer(block: &[u8; BLOCK_BYTES], word: Word) -> bool {
        let mut parts = block.chunks_exact(4).map(|part| u32::from_le_bytes(array(part)));
        mask(word).into_iter().all(|bit| parts.next().is_some_and(|part| part & bit != 0))
    }
}

/// A filter whose blocks are read when they are asked for.
#[derive(Debug)]
pub struct Filter<R> {
    from: R,
    shape: Shape,
}

impl<R: ReadAt> Filter<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no filter, or torn.
    pub fn open(from: R) -> Result<Self, FilterError> {
        let mut header = [0; HEADER_BYTES];
        let bytes = from.bytes()?;
        if bytes < HEADER_BYTES as u64 {
            return Err(FilterError::Length { found: bytes, said: HEADER_BYTES as u64 });
        }
        from.read_at(&mut header, 0)?;
        Ok(Self { shape: Shape::read(&header, bytes)?, from })
    }

    /// What its header says.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the file can have the word: `false` is certain.
    ///
    /// # Errors
    ///
    /// The block cannot be read.
    pub fn may_contain(&self, word: Word) -> Result<bool, FilterError> {
        let mut block = [0; BLOCK_BYTES];
        self.from.read_at(&mut block, self.shape.offset(word))?;
        Ok(Shape::answer(&block, word))
    }

    /// Whether the file can have all of the words.
    ///
    /// # Errors
    ///
    /// A block cannot be read.
    pub fn may_contain_all(&self, words: &[Word]) -> Result<bool, FilterError> {
        for &word in words {
            if !self.may_contain(word)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads all of it and holds it against its checksum.
    ///
    /// # Errors
    ///
    /// It cannot be read, or was altered.
    pub fn check(&self) -> Result<(), FilterError> {
        let mut blocks = vec![0; BLOCK_BYTES * self.shape.blocks as usize];
        self.from.read_at(&mut blocks, HEADER_BYTES as u64)?;
        if xxh3_64(&blocks) == self.shape.checksum { Ok(()) } else { Err(FilterError::Blocks) }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

/// Blocks for so many words.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the words that are remembered")]
pub(crate) fn blocks_for(words: usize) -> usize {
    let bits = words as f64 * BITS_PER_WORD;
    ((bits / (BLOCK_BYTES * 8) as f64).ceil() as usize).max(1)
}

/// The block of a word.
pub(crate) fn block_of(word: Word, blocks: usize) -> usize {
    usize::try_from(((word.hash() >> 32) * blocks as u64) >> 32).unwrap_or(0)
}

/// The bits of a word, one in each number of its block.
fn mask(word: Word) -> Block {
    let low = u32::try_from(word.hash() & u64::from(u32::MAX)).unwrap_or(0);
    SALT.map(|salt| 1 << (low.wrapping_mul(salt) >> 27))
}

/// Puts a word into its block.
pub(crate) fn set(block: &mut Block, word: Word) {
    for (part, bit) in block.iter_mut().zip(mask(word)) {
        *part |= bit;
    }
}

/// The file of these blocks.
pub(crate) fn encode(blocks: &[Block], words: usize) -> Vec<u8> {
    let mut file = vec![0; HEADER_BYTES];
    file.reserve_exact(blocks.len() * BLOCK_BYTES);
    file.extend(blocks.iter().flatten().flat_map(|part| part.to_le_bytes()));
    let count = u32::try_from(blocks.len()).expect("the words that are remembered need fewer blocks");
    let checksum = xxh3_64(&file[HEADER_BYTES..]);
    file[..8].copy_from_slice(&MAGIC);
    file[8..12].copy_from_slice(&count.to_le_bytes());
    file[16..24].copy_from_slice(&(words as u64).to_le_bytes());
    file[24..32].copy_from_slice(&checksum.to_le_bytes());
    let header = xxh3_64(&file[..32]);
    file[32..40].copy_from_slice(&header.to_le_bytes());
    file
}
