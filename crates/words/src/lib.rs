//! Words of texts, and the filter of the words a file holds: a search reads only files that can have what it looks for.
//!
//! [`Builder`] sees every text that goes into a file and makes its filter; [`Filter`] answers whether a file can have a word; [`Wanted`] is
//! what someone looks for: the words a file must have, and whether a row has it. What a word is, stands in `unit`.

mod builder;
mod chunk;
mod filter;
mod implied;
mod reading;
mod unit;
mod wanted;
mod word;

pub use builder::{Builder, WORDS_MAX};
pub use filter::{BLOCK_BYTES, Block, Filter, FilterError, HEADER_BYTES, ReadAt, Shape};
pub use implied::{words_of_pattern, words_of_value};
pub use wanted::{UNITS_MAX, Wanted, WantedError};
pub use word::Word;
