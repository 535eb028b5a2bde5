//! The one place where PCRE's `^` and the engine's differ: after a line feed that ends the value.
//!
//! PCRE has no line there, the engine has an empty one. A match that needs it is empty and at the very end, because nothing
//! comes after it: so it is enough to know whether a pattern has such a match, and to leave it out.
//! (A `^` that comes after something else in a pattern, and after which nothing need come, is left as the engine has it.)

use super::node::{Node, Place};

/// Whether the engine finds an empty match after a line feed that ends the value, and PCRE finds none.
pub(super) fn is_found(node: &Node) -> bool {
    is_empty_there(node, true) && !is_empty_there(node, false)
}

/// Whether it matches nothing after a line feed that ends the value; `is_line` is whether a line starts there.
fn is_empty_there(node: &Node, is_line: bool) -> bool {
    match node {
        // No linear engine is asked for the last two.
        Node::Byte(_) | Node::Place(Place::Start | Place::WordEdge) | Node::Look(_) | Node::Reference { .. } => false,
        Node::Place(Place::LineStart) => is_line,
        Node::Place(Place::End | Place::LineEnd | Place::NoWordEdge) => true,
        Node::Sequence(parts) => parts.iter().all(|part| is_empty_there(part, is_line)),
        Node::Choice(parts) => parts.iter().any(|part| is_empty_there(part, is_line)),
        Node::Repeat { body, least, .. } => *least == 0 || is_empty_there(body, is_line),
        Node::Group(_, body) | Node::Once(body, _) => is_empty_there(body, is_line),
    }
}
