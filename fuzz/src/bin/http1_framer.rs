//! The framer: any bytes, split anywhere, without panic, always with progress, and the same as in one piece.
//!
//! The first byte says how long the pieces are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_edge::http1::{Framer, HeadIndex, Limits, Malformed, Step};

#[derive(Debug, PartialEq, Eq, Default)]
struct Outcome {
    heads: Vec<(Vec<u8>, HeadIndex)>,
    ended_bodies: Vec<Vec<u8>>,
    refused: Option<Malformed>,
}

fn frame<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut framer = Framer::new(Limits::default());
    let mut held = Vec::new();
    let mut body = Vec::new();
    let mut outcome = Outcome::default();
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            let taken = match framer.step(&held) {
                Ok(Step::More | Step::Closed | Step::AwaitUpgrade) => break,
                Ok(Step::Drop { bytes } | Step::Tunnel { bytes }) => bytes,
                Ok(Step::Head { bytes }) => {
                    let index = framer.take_index(HeadIndex::default());
                    for span in index.fields() {
                        assert!(span.name().end < span.value().start && span.value().end < bytes);
                    }
                    outcome.heads.push((held[..bytes].to_vec(), index));
                    bytes
                }
                Ok(Step::Body { bytes, ends }) => {
                    body.extend_from_slice(&held[..bytes]);
                    if ends {
                        outcome.ended_bodies.push(std::mem::take(&mut body));
                    }
                    bytes
                }
                Err(reason) => {
                    outcome.refused = Some(reason);
                    return outcome;
                }
            };
            assert!(taken > 0 && taken <= held.len());
            held.drain(..taken);
        }
    }
    outcome
}

fuzz_target!(|bytes: &[u8]| {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let split = frame(bytes.chunks(usize::from(*size).max(1)));
    assert_eq!(split, frame(std::iter::once(bytes)));
});
