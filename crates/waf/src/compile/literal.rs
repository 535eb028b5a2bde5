//! Literals without which a regular expression cannot match.
//!
//! [`required`] walks the parsed expression and returns a set of ASCII-folded literals such that every match contains at
//! least one of them, in any ASCII case. A pass of an automaton that finds none of them proves that the expression does not
//! match.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A set with more literals than this is not worth its automaton.
const LITERALS_MAX: usize = 64;
/// Joined literals are not made longer than this (bytes): more adds little.
const LITERAL_BYTES_MAX: usize = 24;
/// Sets of alternatives are joined up to this many combinations.
const COMBINATIONS_MAX: usize = 32;

/// A repetition is written out this many times at most.
const REPEATED_MAX: u32 = 32;

/// A set of folded literals.
type Set = Vec<Vec<u8>>;

/// A set of folded literals of which every match of `hir` contains at least one; none if there is no useful set.
pub(super) fn required(hir: &Hir) -> Option<Set> {
    let mut found = walk(hir);
    let exact = found.exact.take();
    better(found.required, exact).filter(is_useful)
}

/// What is known of an expression's matches.
struct Found {
    /// All folded texts it can match, if they are few.
    exact: Option<Set>,
    /// Folded texts of which every match contains one.
    required: Option<Set>,
}

impl Found {
    const NOTHING: Self = Self { exact: None, required: None };

    fn exactly(set: Set) -> Self {
        Self { exact: Some(set), required: None }
    }
}

fn walk(hir: &Hir) -> Found {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Found::exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => Found::exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => class_texts(class).map_or(Found::NOTHING, Found::exactly),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
            (0, Some(1)) => {
                // Either nothing or the inner text: still exact, so that text on both sides can be joined.
                let mut found = walk(&repetition.sub);
                found.required = None;
                if let Some(exact) = &mut found.exact {
                    exact.push(Vec::new());
                    dedup(exact);
                }
                found
            }
            (0, _) => Found::NOTHING,
            (1, Some(1)) => walk(&repetition.sub),
            (least, most) => repeat(walk(&repetition.sub), least, most),
        },
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => alternation(parts),
    }
}

/// At least `least` times the same, and no more than `most`; `least` is not zero.
fn repeat(found: Found, least: u32, most: Option<u32>) -> Found {
    let Some(exact) = found.exact else { return Found { exact: None, required: found.required } };
    let times = least.min(REPEATED_MAX);
    let joined = (1..times).try_fold(exact.clone(), |joined, _| join(&joined, &exact));
    match joined {
        Some(joined) if most == Some(times) && found.required.is_none() => Found::exactly(joined),
        joined => Found { exact: None, required: better(found.required, joined.or(Some(exact))) },
    }
}

/// Joins neighbours' exact texts as far as they stay few; the best run or part is what is required.
fn concat(parts: &[Hir]) -> Found {
    let mut best: Option<Set> = None;
    let mut run: Set = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        let found = walk(part);
        best = better(best.take(), found.required);
        match found.exact {
            Some(exact) => {
                if let Some(joined) = join(&run, &exact) {
                    run = joined;
                } else {
                    whole = false;
                    best = better(best.take(), Some(std::mem::replace(&mut run, exact)));
                }
            }
            None => {
                whole = false;
                best = better(best.take(), Some(std::mem::replace(&mut run, vec![Vec::new()])));
            }
        }
    }
    if whole {
        return Found { exact: Some(run), required: best };
    }
    Found { exact: None, required: better(best, Some(run)) }
}

fn alternation(parts: &[Hir]) -> Found {
    let mut exact = Some(Set::new());
    let mut required = Some(Set::new());
    for part in parts {
        let found = walk(part);
        required = match (required, better(found.required, found.exact.clone())) {
            (Some(mut all), Some(set)) => {
                all.extend(set);
                Some(all)
            }
            _ => None,
        };
        exact = match (exact, found.exact) {
            (Some(mut all), Some(set)) => {
                all.extend(set);
                Some(all)
            }
            _ => None,
        };
    }
    for set in [&mut exact, &mut required] {
        if let Some(all) = set {
            dedup(all);
            if all.len() > LITERALS_MAX {
                *set = None;
            }
        }
    }
    Found { exact, required }
}

/// All combinations of a text of `left` followed by one of `right`; none if they become too many or too long.
fn join(left: &Set, right: &Set) -> Option<Set> {
    if left.len() * right.len() > COMBINATIONS_MAX.max(left.len().max(right.len())) {
        return None;
    }
    let mut joined = Set::with_capacity(left.len() * right.len());
    for head in left {
        for tail in right {
            if !head.is_empty() && !tail.is_empty() && head.len() + tail.len() > LITERAL_BYTES_MAX {
                return None;
            }
            joined.push([head.as_slice(), tail].concat());
        }
    }
    dedup(&mut joined);
    Some(joined)
}

/// The folded texts of a small class.
fn class_texts(class: &Class) -> Option<Set> {
    const MEMBERS_MAX: usize = 16;
    const LETTERS_MAX: usize = 4;
    let mut texts = Set::new();
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                for byte in range.start()..=range.end() {
                    texts.push(vec![byte.to_ascii_lowercase()]);
                    if texts.len() > MEMBERS_MAX {
                        return None;
                    }
                }
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                for character in range.start()..=range.end() {
                    texts.push(character.to_ascii_lowercase().encode_utf8(&mut [0; 4]).as_bytes().to_vec());
                    if texts.len() > MEMBERS_MAX {
                        return None;
                    }
                }
            }
        }
    }
    dedup(&mut texts);
    // Many letters or kinds of space joined with their neighbours only multiply literals that are found everywhere.
    let is_rare = |text: &Vec<u8>| text[0].is_ascii_punctuation();
    (texts.len() <= LETTERS_MAX || texts.iter().all(is_rare)).then_some(texts)
}

fn dedup(set: &mut Set) {
    set.sort_unstable();
    set.dedup();
}

/// The set whose presence says more: longer shortest literal first, then fewer literals.
fn better(left: Option<Set>, right: Option<Set>) -> Option<Set> {
    let worth = |set: &Set| {
        let shortest = set.iter().map(Vec::len).min().unwrap_or(0);
        (shortest.min(6) * 16).saturating_sub(set.len())
    };
    match (left, right) {
        (Some(left), Some(right)) if is_useful(&left) == is_useful(&right) => {
            Some(if worth(&left) >= worth(&right) { left } else { right })
        }
        (Some(left), Some(right)) => Some(if is_useful(&left) { left } else { right }),
        (one, None) | (None, one) => one,
    }
}

/// Whether finding one of the set tells anything: every literal has two bytes, or one that most values do not have.
fn is_useful(set: &Set) -> bool {
    let telling = |literal: &Vec<u8>| match literal.as_slice() {
        [] => false,
        [byte] => !byte.is_ascii_alphanumeric() && !b" \n_".contains(byte),
        _ => true,
    };
    !set.is_empty() && set.len() <= LITERALS_MAX && set.iter().all(telling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::regex;

    fn required_of(pattern: &str) -> Option<Vec<String>> {
        let set = required(&regex::parse(pattern).unwrap())?;
        Some(set.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect())
    }

    #[test]
    fn finds_what_a_match_cannot_do_without() {
        for (pattern, expected) in [
            ("select", Some(vec!["select"])),
            ("(?i)SeLeCt", Some(vec!["select"])),
            (r"(?i)union\s+(?:all\s+)?select", Some(vec!["select"])),
            (r"foo(?:bar|baz)?qux", Some(vec!["foobarqux", "foobazqux", "fooqux"])),
            (r"<\s*script", Some(vec!["script"])),
            (r"(?:cat|wget)\s", Some(vec!["cat", "wget"])),
            (r"(?:cat|w)\s", None),
            (r"\d+", None),
            (r"[a-z]*", None),
            (r"(?:abc)*", None),
            (r"(?:abc)+", Some(vec!["abc"])),
            (r"(?:abc){0,3}x", None),
            (r"^/etc/passwd$", Some(vec!["/etc/passwd"])),
            (r"\bor\b", Some(vec!["or"])),
            (r"<[a-z]", Some(vec!["<"])),
            (r"a|b|", None),
            (r"\.{2,}[/\\]+x*", Some(vec![".."])),
            (r"(?:ab){3}", Some(vec!["ababab"])),
            (r"[a-z]+:\d", Some(vec![":"])),
            (r"[';#@]|--", Some(vec!["#", "'", "--", ";", "@"])),
        ] {
            let expected = expected.map(|set| set.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(required_of(pattern), expected, "{pattern}");
        }
    }
}
