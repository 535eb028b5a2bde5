//! Copying a value while replacing the places that matter: the frame all decoding transformations share.

/// Appends `input` to `out`, handing every place that `find` names to `replace`.
///
/// `find` returns the offset of the next place in the bytes left. `replace` gets the bytes from there on (never
/// empty), appends what stands for their beginning, and returns how many bytes that beginning has. Linear as long as
/// `replace` looks no further ahead than a constant or than what it takes.
pub(super) fn rewrite(
    input: &[u8],
    out: &mut Vec<u8>,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut replace: impl FnMut(&[u8], &mut Vec<u8>) -> usize,
) {
    out.reserve(input.len());
    let mut rest = input;
    while let Some(place) = find(rest) {
        out.extend_from_slice(&rest[..place]);
        let taken = replace(&rest[place..], out);
        debug_assert!(taken > 0, "a replacement takes at least the byte that called for it");
        rest = &rest[place + taken.max(1)..];
    }
    out.extend_from_slice(rest);
}

/// Appends `replacement` and reports the `taken` bytes it stands for: the usual last line of a `replace`.
pub(super) fn put(out: &mut Vec<u8>, replacement: u8, taken: usize) -> usize {
    out.push(replacement);
    taken
}
