//! The filters of words beside data files: which files can have some words.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{FutureExt as _, StreamExt as _, stream};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use sekisho_words::{BLOCK_BYTES, HEADER_BYTES, Shape, Word};

use crate::need::Need;

/// Filters that are asked at a time.
const ASKED_AT_A_TIME: usize = 32;
/// Headers that are remembered: about 100 bytes each.
const SHAPES_MAX: usize = 100_000;

/// Headers of filters that were read before: a data file and its filter never change.
#[derive(Debug, Default)]
pub(crate) struct WordFiles {
    shapes: Mutex<HashMap<Path, Shape>>,
}

impl WordFiles {
    /// For each filter, whether its file can meet all needs. A filter that is not there or cannot be used lets its file through: what is in it
    /// must be found.
    pub(crate) async fn can_meet(&self, needs: &[Need], filters: Vec<(Arc<dyn ObjectStore>, Path)>) -> Vec<bool> {
        if needs.is_empty() {
            return vec![true; filters.len()];
        }
        let words = Need::words(needs);
        let mut answers = Vec::with_capacity(filters.len());
        for (store, path) in filters {
            answers.push(self.meets(store, path, needs, &words).boxed());
        }
        stream::iter(answers).buffered(ASKED_AT_A_TIME).collect().await
    }

    async fn meets(&self, store: Arc<dyn ObjectStore>, path: Path, needs: &[Need], words: &[Word]) -> bool {
        match self.has(&store, &path, words).await {
            Some(has) => needs.iter().all(|need| need.is_met(|word| has[index(words, word)])),
            None => true,
        }
    }

    /// For each word, whether the file can have it.
    async fn has(&self, store: &Arc<dyn ObjectStore>, path: &Path, words: &[Word]) -> Option<Vec<bool>> {
        let shape = self.shape(store, path).await?;
        let ranges: Vec<Range<u64>> = words
            .iter()
            .map(|word| {
                let begin = shape.offset(*word);
                begin..begin + BLOCK_BYTES as u64
            })
            .collect();
        let blocks = store.get_ranges(path, &ranges).await.ok()?;
        let answers = blocks.iter().zip(words).map(|(block, word)| {
            let block: [u8; BLOCK_BYTES] = block.as_ref().try_into().ok()?;
            Some(Shape::answer(&block, *word))
        });
        answers.collect()
    }

    async fn shape(&self, store: &Arc<dyn ObjectStore>, path: &Path) -> Option<Shape> {
        if let Some(shape) = self.shapes.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Some(*shape);
        }
        let range = Some(GetRange::Bounded(0..HEADER_BYTES as u64));
        let got = store.get_opts(path, GetOptions { range, ..GetOptions::default() }).await.ok()?;
        let bytes = got.meta.size;
        let header: [u8; HEADER_BYTES] = got.bytes().await.ok()?.as_ref().try_into().ok()?;
        let shape = Shape::read(&header, bytes).ok()?;
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() >= SHAPES_MAX {
            shapes.clear();
        }
        shapes.insert(path.clone(), shape);
        Some(shape)
    }
}

/// Where a word is among sorted ones.
fn index(words: &[Word], word: Word) -> usize {
    words.binary_search(&word).unwrap_or_default()
}
