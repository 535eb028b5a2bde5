//! Atomic groups and possessive quantifiers: where they match the same as what may be tried otherwise.
//!
//! A linear engine tries everything at once and cannot forget a way it once could go. It need not where no other way leads
//! anywhere: `a*+b` is `a*b`, because what follows cannot begin with an `a` that is given back. This is proved from the
//! bytes that can follow, or the pattern is refused.

use super::PatternError;
use super::byte_set::ByteSet;
use super::node::{Look, Node, Place};

/// What can come after a part.
#[derive(Debug, Clone, Copy)]
struct After {
    /// The bytes it can begin with.
    first: ByteSet,
    /// Whether it can be nothing, at some places at least.
    empty: bool,
    /// Whether it matches whatever comes, so that no other way is ever tried.
    certain: bool,
}

impl After {
    const END: Self = Self { first: ByteSet::EMPTY, empty: true, certain: true };

    fn then(self, next: Self) -> Self {
        Self {
            first: if self.empty { self.first.or(next.first) } else { self.first },
            empty: self.empty && next.empty,
            certain: self.certain && next.certain,
        }
    }
}

/// Whether a linear engine can match a pattern: it looks around nowhere and refers to nothing, and every part that is tried
/// only once matches the same if it is not.
pub(super) fn check(node: &Node) -> Result<(), PatternError> {
    walk(node, After::END)
}

fn walk(node: &Node, after: After) -> Result<(), PatternError> {
    match node {
        Node::Byte(_) | Node::Place(_) => Ok(()),
        Node::Sequence(parts) => {
            let mut after = after;
            for part in parts.iter().rev() {
                walk(part, after)?;
                after = summary(part).then(after);
            }
            Ok(())
        }
        Node::Choice(parts) => parts.iter().try_for_each(|part| walk(part, after)),
        Node::Repeat { body, most: Some(0 | 1), .. } => walk(body, after),
        Node::Repeat { body, least, .. } => {
            let again = summary(body);
            // Where it may end, what comes after it is what is certain.
            let certain = after.certain && *least <= 1;
            walk(body, After { first: again.first.or(after.first), empty: after.empty || again.empty, certain })
        }
        Node::Group(_, body) => walk(body, after),
        Node::Once(body, at) => {
            if is_same(body, after) {
                return walk(body, after);
            }
            Err(PatternError::not_linear(*at, "this atomic group or possessive quantifier"))
        }
        Node::Look(Look { ahead: true, at, .. }) => Err(PatternError::not_linear(*at, "a look-ahead")),
        Node::Look(Look { at, .. }) => Err(PatternError::not_linear(*at, "a look-behind")),
        Node::Reference { at, .. } => Err(PatternError::not_linear(*at, "a back-reference")),
    }
}

/// What a part can begin with, and whether it can be nothing.
fn summary(node: &Node) -> After {
    match node {
        Node::Byte(bytes) => After { first: *bytes, empty: false, certain: false },
        // What comes next is a line feed, or nothing comes.
        Node::Place(Place::LineEnd) => After { first: ByteSet::of(b"\n"), empty: false, certain: false },
        Node::Place(Place::End) => After { first: ByteSet::EMPTY, empty: false, certain: false },
        Node::Place(_) => After { first: ByteSet::EMPTY, empty: true, certain: false },
        Node::Sequence(parts) => parts.iter().rev().fold(After::END, |after, part| summary(part).then(after)),
        Node::Choice(parts) => parts.iter().map(summary).fold(
            After { first: ByteSet::EMPTY, empty: false, certain: false },
            |all, part| After {
                first: all.first.or(part.first),
                empty: all.empty || part.empty,
                certain: all.certain || part.certain,
            },
        ),
        Node::Repeat { body, least, .. } => {
            let body = summary(body);
            After { first: body.first, empty: body.empty || *least == 0, certain: body.certain || *least == 0 }
        }
        Node::Group(_, body) | Node::Once(body, _) => summary(body),
        Node::Look(_) => After { first: ByteSet::EMPTY, empty: true, certain: false },
        Node::Reference { .. } => After { first: ByteSet::ALL, empty: true, certain: false },
    }
}

/// Whether trying `body` otherwise, once it matched, never leads to what comes after.
fn is_same(body: &Node, after: After) -> bool {
    if after.certain {
        return true;
    }
    match body {
        Node::Group(_, body) => is_same(body, after),
        Node::Repeat { body, greedy: true, .. } => {
            // Each time takes as many bytes as the others: what is given back begins like the body.
            fixed(body)
                .is_some_and(|bytes| bytes.first().is_some_and(|first| !after.empty && first.is_disjoint(after.first)))
        }
        Node::Choice(parts) => {
            let texts: Option<Vec<_>> = parts.iter().map(fixed).collect();
            texts.is_some_and(|texts| are_same_alone(&texts, after))
        }
        body => fixed(body).is_some(),
    }
}

/// Whether of these texts, tried in order, none but the first that matches leads to what comes after.
fn are_same_alone(texts: &[Vec<ByteSet>], after: After) -> bool {
    texts.iter().enumerate().all(|(at, earlier)| {
        texts[at + 1..].iter().all(|later| {
            let meet = earlier.iter().zip(later).all(|(left, right)| !left.is_disjoint(*right));
            let given_back = earlier.get(later.len());
            match given_back {
                _ if !meet => true,
                Some(next) => !after.empty && next.is_disjoint(after.first),
                None => earlier.len() == later.len(),
            }
        })
    })
}

/// The bytes of a part that always takes the same number of them.
fn fixed(node: &Node) -> Option<Vec<ByteSet>> {
    match node {
        Node::Byte(bytes) => Some(vec![*bytes]),
        Node::Sequence(parts) => Some(parts.iter().map(fixed).collect::<Option<Vec<_>>>()?.concat()),
        Node::Group(_, body) | Node::Once(body, _) => fixed(body),
        _ => None,
    }
}
