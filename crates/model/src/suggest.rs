//! "Did you mean": the known name closest to a misspelt one.

/// The candidate closest to `word` by edit distance, if one is close enough to be a likely slip.
///
/// Close enough means at most a third of the word's length (at least one, at most four) edits.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|&(edits, _)| edits <= edits_max)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn suggests_only_likely_slips() {
        let known = ["ByteMatchStatement", "GeoMatchStatement", "NotStatement"];
        assert_eq!(closest("ByteMatchStatment", known), Some("ByteMatchStatement"));
        assert_eq!(closest("Frobnicate", known), None);
        assert_eq!(closest("", known), None);
    }
}
