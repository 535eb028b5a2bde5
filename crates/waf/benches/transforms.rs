//! What the transformations of the Core Rule Set cost a value: one that stays as it is, and one full of what they undo.
//!
//! The first is what nearly every value is: it should cost a look at each byte and no more.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sekisho_waf::transform::Transform;

/// The transformations of the Core Rule Set, and a value each changes all over.
const USED: &[(Transform, &str)] = &[
    (Transform::SecUrlDecodeUni, "%41%u0041+"),
    (Transform::SecUtf8ToUnicode, "\u{65e5}\u{672c}"),
    (Transform::SecHtmlEntityDecode, "&lt;&#x41;"),
    (Transform::JsDecode, r"\x41\u0041"),
    (Transform::SecCssDecode, r"\41 \e9 "),
    (Transform::SecCmdLine, "C^at ,/ETC"),
    (Transform::NormalizePath, "/a/../b//"),
    (Transform::NormalizePathWin, r"\a\..\b\\"),
    (Transform::SecEscapeSeqDecode, r"\n\101\x41"),
    (Transform::Lowercase, "SELECT"),
    (Transform::RemoveNulls, "a\0b\0"),
    (Transform::RemoveWhitespace, "a b\tc"),
    (Transform::SecCompressWhitespace, "a  b\t\tc"),
    (Transform::ReplaceComments, "a/**/b"),
    (Transform::SecRemoveCommentsChar, "/*a*/--"),
    (Transform::Base64Decode, "QUJDREVG"),
    (Transform::HexEncode, "abc"),
    (Transform::Sha1, "abc"),
];

/// Plain text of a form.
const PLAIN: &str = "the quick brown fox jumps over the lazy dog and 2 more follow it. ";

fn of_length(text: &str, bytes: usize) -> Vec<u8> {
    text.bytes().cycle().take(bytes).collect()
}

fn bench(criterion: &mut Criterion) {
    for (kind, bytes) in [("short", 32), ("long", 64 * 1024)] {
        for stays in [true, false] {
            let state = if stays { "plain" } else { "changed" };
            let mut group = criterion.benchmark_group(format!("{kind} {state}"));
            group.throughput(Throughput::Bytes(bytes as u64));
            for &(transform, changed) in USED {
                let value = of_length(if stays { PLAIN } else { changed }, bytes);
                let mut out = Vec::new();
                group.bench_function(BenchmarkId::from_parameter(transform.name()), |bencher| {
                    bencher.iter(|| {
                        out.clear();
                        transform.apply(black_box(&value), &mut out)
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
