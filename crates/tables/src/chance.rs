//! Names that nobody else has.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

/// A number by chance: each hash map of the standard library begins with another.
pub(crate) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
