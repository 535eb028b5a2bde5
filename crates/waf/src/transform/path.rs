//! Paths without detours: behind `NORMALIZE_PATH` and `NORMALIZE_PATH_WIN`.

use super::scan;

/// Whether some segment is empty, `.` or `..`.
pub(super) fn touches(input: &[u8], is_separator: impl Fn(u8) -> bool) -> bool {
    let may_be_empty_or_dots = |left, right| is_separator(left) && (is_separator(right) || right == b'.');
    if input.first() != Some(&b'.') && !scan::any_pair(input, may_be_empty_or_dots) {
        return false;
    }
    let mut segments = input.split(|&byte| is_separator(byte)).peekable();
    // A separator at either end is no detour: only the segments between count.
    if input.first().is_some_and(|&byte| is_separator(byte)) {
        segments.next();
    }
    while let Some(segment) = segments.next() {
        if matches!(segment, b"." | b"..") || segment.is_empty() && segments.peek().is_some() {
            return true;
        }
    }
    false
}

/// Appends `input` with `/` between segments and without empty, `.` and `..` segments.
///
/// A `..` takes the segment before it along. At the start of a relative path it stays, at the start of an absolute path
/// it vanishes. A separator at the end stays, unless nothing but detours came before it.
pub(super) fn normalize(input: &[u8], out: &mut Vec<u8>, is_separator: impl Fn(u8) -> bool) {
    let ends = |byte: Option<&u8>| byte.is_some_and(|&byte| is_separator(byte));
    let absolute = ends(input.first());
    out.reserve(input.len());
    if absolute {
        out.push(b'/');
    }
    let start = out.len();
    let mut segments_named = 0_usize;
    for segment in input.split(|&byte| is_separator(byte)) {
        match segment {
            b"" | b"." => continue,
            b".." if segments_named > 0 => {
                let before = memchr::memrchr(b'/', &out[start..]).unwrap_or(0);
                out.truncate(start + before);
                segments_named -= 1;
                continue;
            }
            b".." if absolute => continue,
            b".." => {}
            _ => segments_named += 1,
        }
        if out.len() > start {
            out.push(b'/');
        }
        out.extend_from_slice(segment);
    }
    if ends(input.last()) && out.len() > start {
        out.push(b'/');
    }
}
