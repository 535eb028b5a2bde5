//! A pattern as the engine takes it.

use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, Hir, Look};

use super::byte_set::ByteSet;
use super::node::{Node, Place};

/// Groups that rules can refer to: `TX:1` to `TX:9`. Others need not be caught, which makes them cheaper.
const GROUPS_MAX: u32 = 9;

/// What a part means to the engine. `Once` counts as its body, a look around as nothing and a reference as any text: what
/// comes of it matches whatever the part matches. That it matches no more was decided before, or does not matter.
pub(super) fn lower(node: Node) -> Hir {
    match node {
        Node::Byte(bytes) => Hir::class(class(bytes)),
        Node::Place(place) => Hir::look(match place {
            Place::Start => Look::Start,
            Place::End => Look::End,
            Place::LineStart => Look::StartLF,
            Place::LineEnd => Look::EndLF,
            Place::WordEdge => Look::WordAscii,
            Place::NoWordEdge => Look::WordAsciiNegate,
        }),
        Node::Sequence(parts) => Hir::concat(parts.into_iter().map(lower).collect()),
        Node::Choice(parts) => Hir::alternation(parts.into_iter().map(lower).collect()),
        Node::Repeat { body, least, most, greedy } => {
            Hir::repetition(hir::Repetition { min: least, max: most, greedy, sub: Box::new(lower(*body)) })
        }
        Node::Group(index, body) if index <= GROUPS_MAX => {
            Hir::capture(hir::Capture { index, name: None, sub: Box::new(lower(*body)) })
        }
        Node::Group(_, body) | Node::Once(body, _) => lower(*body),
        Node::Look(_) => Hir::empty(),
        Node::Reference { .. } => {
            let sub = Box::new(Hir::class(class(ByteSet::ALL)));
            Hir::repetition(hir::Repetition { min: 0, max: None, greedy: true, sub })
        }
    }
}

fn class(bytes: ByteSet) -> Class {
    let ranges = bytes.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last));
    Class::Bytes(ClassBytes::new(ranges))
}
