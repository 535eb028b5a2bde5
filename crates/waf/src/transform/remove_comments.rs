//! `removeComments`: comments removed: `/* … */`, `<!-- … -->`, and from `--` or `#` to the end of the value.
//!
//! As in ModSecurity, whose vectors fix the details: either end mark closes either comment; the byte right after an end mark
//! is kept whatever it is, and is a NUL where the value ends there; an unterminated comment gives one space.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `removeComments`.

use memchr::memchr2_iter;

use super::{Growth, remove_comments_char};

pub(super) const GROWTH: Growth = Growth::None;

/// Every comment begins with a mark that `REMOVE_COMMENTS_CHAR` knows.
pub(super) use remove_comments_char::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len());
    let mut rest = input;
    while let Some((&first, after)) = rest.split_first() {
        let body = match rest {
            [b'/', b'*', body @ ..] => body,
            [b'<', b'!', b'-', b'-', body @ ..] => body,
            [b'-', b'-', ..] | [b'#', ..] => return,
            _ => {
                out.push(first);
                rest = after;
                continue;
            }
        };
        let Some(end) = end_of_comment(body) else {
            out.push(b' ');
            return;
        };
        let (next, after) = body[end..].split_first().map_or((0, &[][..]), |(next, after)| (*next, after));
        out.push(next);
        rest = after;
    }
}

/// Where the text after the first end mark begins.
fn end_of_comment(body: &[u8]) -> Option<usize> {
    memchr2_iter(b'*', b'-', body).find_map(|at| match &body[at..] {
        [b'*', b'/', ..] => Some(at + 2),
        [b'-', b'-', b'>', ..] => Some(at + 3),
        _ => None,
    })
}
