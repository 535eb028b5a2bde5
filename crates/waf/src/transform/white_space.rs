//! What counts as white space in a transformation.

/// The non-breaking space in ISO 8859-1.
pub(super) const NO_BREAK_SPACE: u8 = 160;

/// White space as C's `isspace` has it: space, tab, newline, vertical tab, form feed, carriage return.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}

/// The same and the non-breaking space.
///
/// Bytes are taken one by one, as the AWS guide gives the non-breaking space as decimal 160; the byte also occurs within
/// UTF-8 sequences, which are then split.
pub(super) fn is_space_or_no_break(byte: u8) -> bool {
    is_space(byte) || byte == NO_BREAK_SPACE
}

/// Appends `input` with each run of white space as one space.
pub(super) fn compress(input: &[u8], out: &mut Vec<u8>, is_white: impl Fn(u8) -> bool) {
    out.reserve(input.len());
    let mut after_space = false;
    for &byte in input {
        let space = is_white(byte);
        if !space {
            out.push(byte);
        } else if !after_space {
            out.push(b' ');
        }
        after_space = space;
    }
}
