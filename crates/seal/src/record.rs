//! What of a record is hashed.

use crate::hash::Hash;

/// Told apart from anything else that is hashed with the same function.
const DOMAIN: &[u8] = b"sekisho record v1\n";

/// The hash of a record's leaf. Its place among all records is not part of it: the tree binds that.
///
/// `received_ms`: when the record came in, in milliseconds since 1970-01-01T00:00:00Z. `raw`: its bytes as they are kept.
///
/// The leaf's entry is SHA-256 of these bytes: the line `sekisho record v1`, the length of the source's name in bytes (four bytes,
/// the most significant first), the name, `received_ms` (eight bytes, two's complement, the most significant first), the raw bytes.
///
/// # Panics
///
/// If the source's name has 2^32 bytes or more.
#[must_use]
pub fn record_hash(source: &str, received_ms: i64, raw: &[u8]) -> Hash {
    let length = u32::try_from(source.len()).expect("names of sources are short").to_be_bytes();
    let entry = Hash::of(&[DOMAIN, &length, source.as_bytes(), &received_ms.to_be_bytes(), raw]);
    Hash::of_leaf(&entry.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let hash = record_hash("aws-waf", 1, b"{}");
        assert_ne!(hash, record_hash("aws-wa", 1, b"{}"));
        assert_ne!(hash, record_hash("aws-waf", 2, b"{}"));
        assert_ne!(hash, record_hash("aws-waf", 1, b"{} "));
        assert_ne!(record_hash("ab", 0, b""), record_hash("a", 0, b"b"));
    }
}
