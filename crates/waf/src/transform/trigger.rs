//! Bytes without which a transformation changes nothing: where a value has none of them, it need not run.

use super::Transform;
use crate::prefilter::ByteSet;

/// White space in any sense that any of the transformations gives it.
const WHITE_SPACE: &[u8] = b"\t\n\x0b\x0c\r \x00\x85\xa0";
/// What no reading of command lines changes.
const PLAIN_IN_COMMANDS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_.-@:=+&%";

impl Transform {
    /// The bytes of which a value must have one for the transformation to change it; none if that cannot be said.
    pub(crate) fn trigger(self) -> Option<ByteSet> {
        use Transform as T;
        Some(match self {
            T::CssDecode
            | T::EscapeSeqDecode
            | T::JsDecode
            | T::JsDecodeExt
            | T::SecCssDecode
            | T::SecEscapeSeqDecode => ByteSet::of(b"\\"),
            T::HtmlEntityDecode | T::SecHtmlEntityDecode => ByteSet::of(b"&"),
            T::Lowercase => ByteSet::range(b'A', b'Z'),
            T::Uppercase => ByteSet::range(b'a', b'z'),
            T::NormalizePath => ByteSet::of(b"/."),
            T::NormalizePathWin => ByteSet::of(b"/.\\"),
            T::RemoveComments | T::RemoveCommentsChar | T::SecRemoveCommentsChar => ByteSet::of(b"/*-#<"),
            T::ReplaceComments => ByteSet::of(b"*"),
            T::RemoveNulls | T::ReplaceNulls => ByteSet::of(b"\0"),
            T::CompressWhiteSpace
            | T::RemoveWhitespace
            | T::SecCompressWhitespace
            | T::Trim
            | T::TrimLeft
            | T::TrimRight => ByteSet::of(WHITE_SPACE),
            T::SecUrlDecodeUni | T::UrlDecode | T::UrlDecodeUni => ByteSet::of(b"%+"),
            T::SecUtf8ToUnicode => ByteSet::range(0x80, 0xff).union(&ByteSet::of(b"\0")),
            T::Utf8ToUnicode => ByteSet::range(0x80, 0xff),
            T::SqlHexDecode => ByteSet::of(b"xX"),
            T::CmdLine | T::CmdLineUnix | T::CmdLineWin | T::SecCmdLine => {
                ByteSet::range(0, u8::MAX).minus(&ByteSet::of(PLAIN_IN_COMMANDS))
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::transform::Outcome;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn nothing_changes_without_a_trigger(bytes in vec(prop_oneof![any::<u8>(), prop::sample::select(&b"./*-#<>!%u0x& \\ab"[..])], 0..40)) {
            for transform in Transform::ALL {
                let Some(trigger) = transform.trigger() else { continue };
                let value: Vec<u8> = bytes.iter().copied().filter(|byte| !trigger.contains(*byte)).collect();
                let mut out = Vec::new();
                prop_assert_eq!(transform.apply(&value, &mut out), Outcome::Unchanged, "{}", transform.name());
            }
        }
    }
}
