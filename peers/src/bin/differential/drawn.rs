//! Texts drawn from what a pattern means: most match it, until some bytes are changed.

use fastrand::Rng;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Repetitions go at most so many times beyond what they must.
const MORE_MAX: u32 = 4;
/// Longer texts are not drawn, in bytes.
const TEXT_BYTES_MAX: usize = 2_000;

/// A text that a pattern matches, but for places it asks about.
pub fn text(rng: &mut Rng, pattern: &Hir) -> Vec<u8> {
    let mut out = Vec::new();
    draw(rng, pattern, &mut out);
    out
}

fn draw(rng: &mut Rng, hir: &Hir, out: &mut Vec<u8>) {
    if out.len() > TEXT_BYTES_MAX {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges();
            if let Some(range) = ranges.get(rng.usize(..ranges.len().max(1))) {
                out.push(rng.u8(range.start()..=range.end()));
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            if let Some(range) = ranges.get(rng.usize(..ranges.len().max(1))) {
                out.extend_from_slice(rng.char(range.start()..=range.end()).to_string().as_bytes());
            }
        }
        HirKind::Repetition(repeated) => {
            let most = repeated.max.unwrap_or(u32::MAX).min(repeated.min.saturating_add(MORE_MAX));
            for _ in 0..rng.u32(repeated.min..=most.max(repeated.min)) {
                draw(rng, &repeated.sub, out);
            }
        }
        HirKind::Capture(capture) => draw(rng, &capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| draw(rng, part, out)),
        HirKind::Alternation(branches) => {
            let branch = rng.usize(..branches.len());
            draw(rng, &branches[branch], out);
        }
    }
}

/// Changes some bytes, or puts others around.
pub fn changed(rng: &mut Rng, mut text: Vec<u8>) -> Vec<u8> {
    const AROUND: &[u8] = b" \n\r\tx0_-/'\"=<>(\0\xff";
    for _ in 0..rng.u8(0..3) {
        let at = rng.usize(..=text.len());
        let byte = if rng.bool() { AROUND[rng.usize(..AROUND.len())] } else { rng.u8(..) };
        match rng.u8(0..3) {
            0 => text.insert(at, byte),
            1 if at < text.len() => text[at] = byte,
            _ if at < text.len() => drop(text.remove(at)),
            _ => text.push(byte),
        }
    }
    text
}
