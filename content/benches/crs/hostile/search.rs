//! Breeds slow texts: from what the patterns are made of, the slowest are kept, joined, cut and broken again.

use std::time::{Duration, Instant};

use regex_syntax::hir::{Hir, HirKind};
use sekisho_waf::operator::pattern;

use super::Engine;
use super::led::{Chance, patterns, text};
use super::shapes;
use crate::loads::Load;

/// Texts are compared at this length; time grows with it in proportion.
const TRIED_BYTES: usize = 64 * 1024;
/// The slowest that are kept.
const KEPT: usize = 40;
/// No text that is repeated is longer.
const UNIT_BYTES_MAX: usize = 400;
const MARKS: &[u8] = b" \t\n'\"`;:,.()[]{}<>=/\\|&$%#@!?*+-~^_0a";

/// The slowest texts found in a time.
pub(crate) fn breed(engine: &mut Engine, time: Duration, bytes: usize) -> Vec<Load> {
    let mut chance = Chance::new(4_101_842_887_655_102_017);
    let patterns = patterns(&engine.rules);
    let mut words: Vec<Vec<u8>> = MARKS.iter().map(|mark| vec![*mark]).collect();
    for (_, pattern) in &patterns {
        if let Ok(hir) = pattern::parse(pattern) {
            literals(&hir, &mut words);
        }
    }
    words.sort();
    words.dedup();
    let mut kept: Vec<(Duration, Vec<u8>)> = Vec::new();
    // A third of the time goes to what the patterns are made of, as it is.
    let mut first = words.clone();
    for (_, pattern) in &patterns {
        first.extend(text(pattern, UNIT_BYTES_MAX, &mut chance));
    }
    let begun = Instant::now();
    while begun.elapsed() < time || kept.is_empty() {
        let unit = if !first.is_empty() && (kept.is_empty() || begun.elapsed() < time / 3) {
            first.swap_remove(chance.below(first.len()))
        } else {
            vary(&kept, &words, &mut chance)
        };
        let load = shapes::multipart("tried", &unit, TRIED_BYTES);
        let took = engine.time(&load).0.min(engine.time(&load).0);
        if kept.iter().all(|(_, known)| *known != unit) {
            kept.push((took, unit));
            kept.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
            kept.truncate(KEPT);
        }
    }
    let name = |unit: &[u8]| format!("`{}`", unit.escape_ascii().to_string().chars().take(120).collect::<String>());
    kept.truncate(KEPT / 2);
    let loads = kept.into_iter().flat_map(|(_, unit)| {
        [
            shapes::multipart(&name(&unit), &unit, bytes),
            shapes::json(&name(&unit), &unit, bytes),
            shapes::form(&name(&unit), &unit, bytes),
        ]
    });
    loads.collect()
}

/// A text made from those that are slow.
fn vary(kept: &[(Duration, Vec<u8>)], words: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    // The slower, the more often.
    let at = chance.below(kept.len()).min(chance.below(kept.len()));
    let mut unit = kept[at].1.clone();
    for _ in 0..=chance.below(3) {
        let place = chance.below(unit.len() + 1);
        match chance.below(5) {
            0 => unit.extend_from_slice(&words[chance.below(words.len())]),
            1 => {
                let word = words[chance.below(words.len())].clone();
                unit.splice(place..place, word);
            }
            2 => unit.insert(place, MARKS[chance.below(MARKS.len())]),
            3 if unit.len() > 1 => {
                unit.remove(place.min(unit.len() - 1));
            }
            _ => {
                let other = &kept[chance.below(kept.len())].1;
                unit.extend_from_slice(&other[..chance.below(other.len()) + 1]);
            }
        }
    }
    unit.truncate(UNIT_BYTES_MAX);
    if unit.is_empty() {
        unit.push(MARKS[chance.below(MARKS.len())]);
    }
    unit
}

/// The texts a pattern is made of.
fn literals(hir: &Hir, found: &mut Vec<Vec<u8>>) {
    match hir.kind() {
        HirKind::Literal(literal) => found.push(literal.0.to_vec()),
        HirKind::Class(class) => found.extend(class.literal()),
        HirKind::Repetition(repetition) => literals(&repetition.sub, found),
        HirKind::Capture(capture) => literals(&capture.sub, found),
        HirKind::Concat(parts) => {
            // A word in any case is a sequence of classes.
            let word: Vec<u8> = parts.iter().map_while(first_byte).collect();
            if word.len() > 1 {
                found.push(word);
            }
            parts.iter().for_each(|part| literals(part, found));
        }
        HirKind::Alternation(parts) => parts.iter().for_each(|part| literals(part, found)),
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

/// A byte of a small class or of a literal.
fn first_byte(hir: &Hir) -> Option<u8> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.first().copied(),
        HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => class.ranges().last().map(|range| range.start()),
        HirKind::Repetition(repetition) => first_byte(&repetition.sub),
        _ => None,
    }
}
