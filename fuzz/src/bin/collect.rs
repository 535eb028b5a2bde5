//! Files of every source: cut in pieces of any size they give the same records as whole, no byte of a line is lost, and whatever a
//! record and its header hold, parsing ends in an event or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_collect::{Context, Piece, SOURCES, Source, Splitter};

/// Bytes of a record, its header, and whether more of it follows.
type Cut = (Vec<u8>, String, bool);

fn cut<'b>(source: &Source, pieces: impl Iterator<Item = &'b [u8]>) -> Vec<Cut> {
    let mut found = Vec::new();
    let mut give = |piece: Piece<'_>| found.push((piece.raw.to_vec(), piece.header.to_owned(), piece.is_cut));
    let mut splitter = Splitter::new(source);
    for piece in pieces {
        splitter.push(piece, &mut give);
    }
    splitter.end(give);
    found
}

/// Pieces whose lengths follow from a seed: many short ones, some long.
fn pieces(mut bytes: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut state = u32::from(seed).wrapping_mul(2_654_435_761) | 1;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = [1, 2, 7, 61, 4_096][(state >> 16) as usize % 5];
        let length = ((state >> 20) as usize % most + 1).min(bytes.len());
        let (piece, rest) = bytes.split_at(length);
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some(([number, seed], bytes)) = bytes.split_first_chunk() else { return };
    let source = SOURCES[usize::from(*number) % SOURCES.len()];
    let whole = cut(source, std::iter::once(bytes));
    assert_eq!(cut(source, pieces(bytes, *seed)), whole, "{}", source.name);
    for (raw, header, _) in &whole {
        _ = source.parse(raw, Context { header, received_ms: 1_795_348_800_000 });
    }
    // A header that no file of the source has, and a moment that no clock shows.
    let (header, raw) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let header = String::from_utf8_lossy(header);
    for received_ms in [0, i64::MIN, i64::MAX] {
        _ = source.parse(raw, Context { header: &header, received_ms });
    }
});
