//! Properties every transformation of the table has, over bytes that look like attacks.

use super::{Outcome, Transform, UnicodeMap};
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Pieces of escapes, separators and marks, so that random values reach the decoders' corners.
const PIECES: &[&[u8]] = &[
    b"\\",
    b"\\x4",
    b"\\u00",
    b"\\uff21",
    b"%",
    b"%u",
    b"%2",
    b"&",
    b"&#",
    b"&#x",
    b"&lt",
    b";",
    b"/",
    b"//",
    b"..",
    b".",
    b"*",
    b"/*",
    b"*/",
    b"-",
    b"--",
    b"#",
    b" ",
    b"  ",
    b"\t",
    b"\r\n",
    b"\xa0",
    b"\0",
    b"0x",
    b"0",
    b"7",
    b"9",
    b"a",
    b"F",
    b"Z",
    b"^",
    b"\"",
    b"'",
    b",",
    b"(",
    b"+",
    b"=",
    b"\xc3",
    b"\xa9",
    b"\xe3\x81\x82",
    b"\xf0\x9f\x98\x80",
    b"\xff",
];

fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn output_is_appended_bounded_and_never_the_input(input in hostile_bytes(), held in vec(any::<u8>(), 0..4)) {
        for &transform in Transform::ALL {
            let mut out = held.clone();
            let outcome = transform.apply(&input, &mut out);
            let output = out.strip_prefix(held.as_slice());
            prop_assert!(output.is_some(), "{} keeps what the buffer held", transform.name());
            let output = output.unwrap_or_default();
            match outcome {
                Outcome::Unchanged => prop_assert!(output.is_empty(), "{} appends nothing", transform.name()),
                Outcome::Changed => prop_assert_ne!(output, &*input, "{} says so if unchanged", transform.name()),
            }
            prop_assert!(output.len() <= transform.output_bytes_max(input.len()), "{} keeps its limit", transform.name());
        }
    }

    #[test]
    fn a_value_passed_over_is_one_that_would_stay(input in hostile_bytes()) {
        for &transform in Transform::ALL {
            if !transform.touches(&input) {
                let mut out = Vec::new();
                transform.write(&input, &mut out);
                prop_assert_eq!(&out, &input, "{} passed over a value it changes", transform.name());
            }
        }
    }
}

#[test]
fn ordinary_text_is_passed_over_without_a_write() {
    for transform in Transform::ALL {
        let digest_or_decoder = matches!(
            transform,
            Transform::Md5
                | Transform::Sha1
                | Transform::Sha256
                | Transform::Base64Decode
                | Transform::Base64DecodeExt
                | Transform::Base64Encode
                | Transform::HexDecode
                | Transform::HexEncode
                | Transform::SecHexDecode
                | Transform::Length
        );
        let plain: &[u8] = match transform {
            Transform::Uppercase => b"PLAIN",
            Transform::ParityEven7bit => b"cefijl",
            Transform::ParityOdd7bit => b"abdghk",
            _ => b"plain",
        };
        assert_eq!(transform.touches(plain), digest_or_decoder, "{}", transform.name());
    }
}

#[test]
fn aws_names_lead_back_to_their_transformation() {
    for &transform in Transform::ALL {
        if let Some(name) = transform.aws_name() {
            assert_eq!(Transform::from_aws_name(name), Some(Some(transform)));
        }
    }
    assert_eq!(Transform::from_aws_name("NONE"), Some(None));
    for unknown in ["", "none", "lowercase", "LOWERCASE ", "URL_ENCODE"] {
        assert_eq!(Transform::from_aws_name(unknown), None, "{unknown:?}");
    }
}

#[test]
fn seclang_names_lead_back_to_their_transformation_in_any_case() {
    for &transform in Transform::ALL {
        assert!(transform.aws_name().is_some() || !transform.seclang_names().is_empty());
        for name in transform.seclang_names() {
            for spelt in [(*name).to_owned(), name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
                assert_eq!(Transform::from_seclang_name(&spelt), Some(Some(transform)), "{spelt}");
            }
        }
    }
    assert_eq!(Transform::from_seclang_name("None"), Some(None));
    assert_eq!(Transform::from_seclang_name("normalisepathwin"), Some(Some(Transform::NormalizePathWin)));
    for unknown in ["", "LOWER_CASE", "jsDecodeExt", "sha256", "urlDecode "] {
        assert_eq!(Transform::from_seclang_name(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_map_brings_characters_down() {
    let map = UnicodeMap::new(&[(0x2019, b'\'')]);
    let decoded = |transform: Transform| {
        let mut out = Vec::new();
        transform.apply_with(b"%u2019%uff1c%u0141+", &mut out, &map);
        out
    };
    assert_eq!(decoded(Transform::SecUrlDecodeUni), b"'<A ");
    assert_eq!(decoded(Transform::UrlDecodeUni), b"\x19<A ", "AWS knows no map");
}

/// Values that tempt a transformation to look ahead over the same bytes again and again.
const BAIT: &[&[u8]] =
    &[b"&#0", b"&#x", b"&a", b"0x", b"0x4", b"/*", b"\\u", b"\\", b"%u0", b"a/../", b"../", b"^\r", b"-/", b" "];

/// The best of some tries, so that a busy machine does not matter.
fn least_time(transform: Transform, input: &[u8]) -> Duration {
    let mut out = Vec::new();
    let timed = || {
        out.clear();
        let start = Instant::now();
        transform.apply(input, &mut out);
        start.elapsed()
    };
    std::iter::repeat_with(timed).take(5).min().expect("there are tries")
}

#[test]
fn time_grows_no_faster_than_the_value() {
    const FACTOR: u32 = 16;
    const SMALL_BYTES: usize = 8_192;
    for bait in BAIT {
        let small = bait.repeat(SMALL_BYTES / bait.len());
        let large = bait.repeat(SMALL_BYTES * FACTOR as usize / bait.len());
        for &transform in Transform::ALL {
            // Linear work takes 16 times as long, quadratic work 256 times; the allowance covers small figures, and other
            // rounds a machine that had something else to do in all tries of one.
            let is_linear = || {
                let allowed = least_time(transform, &small) * FACTOR * 4 + Duration::from_millis(20);
                least_time(transform, &large) <= allowed
            };
            let held = std::iter::repeat_with(is_linear).take(10).any(|held| held);
            assert!(held, "{} on {:?}", transform.name(), bait.escape_ascii().to_string());
        }
    }
}
