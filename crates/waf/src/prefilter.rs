//! What may match, found out cheaply: necessary conditions of many patterns, asked of a text in one pass.
//!
//! A pattern becomes a [`Condition`]: the texts that fulfil it include all that the pattern matches. A [`Filter`] asks all
//! conditions at once. Both rule languages use it; nothing here knows either.
//!
//! ADR: `docs/adr/018-compiled-matcher.md`.

mod byte_set;
mod condition;
mod extract;
mod filter;
mod frequency;
mod gram;
mod lens;
mod program;
mod scanner;

pub(crate) use byte_set::ByteSet;
pub(crate) use condition::{Condition, erasable};
pub(crate) use filter::{Filter, FilterMemory};
pub(crate) use gram::Gram;
pub(crate) use program::Program;
pub(crate) use scanner::Present;

#[cfg(test)]
mod tests;
