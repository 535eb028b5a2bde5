//! Patterns with macros: known only when a rule runs, and built then.
//!
//! Those that were built are kept for the values and transactions to come, a bounded number of them. Neither how many are
//! built for one transaction nor how large one may be is up to a client.

use super::budget::{Budget, GaveUp};
use super::engine::Caches;
use super::searcher::{Building, Searcher};

/// This many are kept.
const KEPT_MAX: usize = 64;

/// What searches for them has built takes this many bytes at most; beyond, all are forgotten.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// The text of one has this many bytes at most: several times what people write.
const TEXT_BYTES_MAX: usize = 4096;

/// One that is built takes this many bytes at most, so that building it takes about a millisecond.
const BUILT_BYTES_MAX: usize = 256 * 1024;

/// Patterns with macros that were built.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    text: Box<[u8]>,
    /// None if it cannot be built.
    built: Option<(Searcher, Caches)>,
}

impl Expanded {
    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    /// Lends `search` what searches for the pattern of this text.
    pub(super) fn with<T>(
        &mut self,
        text: &[u8],
        building: Building,
        budget: &mut Budget,
        search: impl FnOnce(&Searcher, &mut Caches, &mut Budget) -> T,
    ) -> Result<T, GaveUp> {
        let at = match self.kept.iter().position(|kept| *kept.text == *text) {
            Some(at) => at,
            None => self.add(text, building, budget)?,
        };
        let (searcher, caches) = self.kept[at].built.as_mut().ok_or(GaveUp)?;
        Ok(search(searcher, caches, budget))
    }

    fn add(&mut self, text: &[u8], building: Building, budget: &mut Budget) -> Result<usize, GaveUp> {
        budget.build()?;
        if text.len() > TEXT_BYTES_MAX {
            return Err(GaveUp);
        }
        let bytes: usize =
            self.kept.iter().filter_map(|kept| kept.built.as_ref()).map(|(_, caches)| caches.bytes()).sum();
        if self.kept.len() == KEPT_MAX || bytes > KEPT_BYTES_MAX {
            self.kept.clear();
        }
        let building = Building { bytes_max: building.bytes_max.min(BUILT_BYTES_MAX), ..building };
        let built = Searcher::new(&as_text(text), building).ok().map(|searcher| {
            let caches = searcher.caches();
            (searcher, caches)
        });
        self.kept.push(Kept { text: text.into(), built });
        Ok(self.kept.len() - 1)
    }
}

/// A pattern as text: bytes that are no UTF-8 as `\xHH`, which means them.
fn as_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// Appends a value so that an expression takes it literally.
pub(in crate::transaction) fn write_literally(value: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in value {
        if byte.is_ascii_alphanumeric() {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}
