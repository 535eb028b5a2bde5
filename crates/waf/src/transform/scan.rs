//! Quick looks over a value for what would call for a rewrite.

/// Bytes looked at before the first answer: enough to fill vector registers, few enough to stop early.
const STRIDE: usize = 64;

/// Whether some byte is one of `wanted`.
///
/// Looks at whole strides without a branch for each byte, which the compiler turns into vector instructions.
#[inline]
pub(super) fn any(input: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    input.chunks(STRIDE).any(|stride| stride.iter().fold(false, |found, &byte| found | wanted(byte)))
}

/// Whether some byte and the one after it are a pair that is `wanted`.
#[inline]
pub(super) fn any_pair(input: &[u8], wanted: impl Fn(u8, u8) -> bool) -> bool {
    let Some(after) = input.get(1..) else { return false };
    let strides = input.chunks(STRIDE).zip(after.chunks(STRIDE));
    let mut strides = strides.map(|(left, right)| left.iter().zip(right));
    strides.any(|pairs| pairs.fold(false, |found, (&left, &right)| found | wanted(left, right)))
}

/// Where these two bytes first stand one after the other. Cheap to begin, unlike a searcher for any text.
pub(super) fn find_pair(input: &[u8], [left, right]: [u8; 2]) -> Option<usize> {
    memchr::memchr_iter(left, input).find(|at| input.get(at + 1) == Some(&right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_where_it_first_is() {
        assert_eq!(find_pair(b"//*/*", *b"/*"), Some(1));
        assert_eq!(find_pair(b"**/", *b"*/"), Some(1));
        assert_eq!(find_pair(b"/ *", *b"/*"), None);
        assert_eq!(find_pair(b"/", *b"/*"), None);
    }

    #[test]
    fn a_byte_is_found_wherever_it_is() {
        for length in [0, 1, 63, 64, 65, 200] {
            let plain = vec![b'a'; length];
            assert!(!any(&plain, |byte| byte == b'x'));
            assert!(!any_pair(&plain, |left, right| left == b'x' || right == b'x'));
            for at in 0..length {
                let mut marked = plain.clone();
                marked[at] = b'x';
                assert!(any(&marked, |byte| byte == b'x'), "{at} of {length}");
                assert_eq!(any_pair(&marked, |left, _| left == b'x'), at + 1 < length, "{at} of {length}");
                assert_eq!(any_pair(&marked, |_, right| right == b'x'), at > 0, "{at} of {length}");
            }
        }
    }
}
