//! Structures that are only checked: what they configure does not exist here, yet a slip in them is named.
//!
//! A [`Structure`] is a shape and, for each of its members, what it must hold.

use std::ops::RangeInclusive;

use super::shape::{Charset, Members, Shape, choice, integer, items, text};
use crate::document::Node;
use crate::report::Report;

/// A structure and what its members hold, in the order of the shape's members.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) shape: Shape,
    pub(crate) holds: &'static [Holds],
}

/// What a member holds.
#[derive(Debug)]
pub(crate) enum Holds {
    /// A string that is not blank, of so many characters at most.
    Text(usize),
    /// A name: letters, digits, `_` and `-`, of so many characters at most.
    Name(usize),
    /// One of a set of words, and what they are called.
    Word(&'static str, &'static [(&'static str, ())]),
    /// True or false.
    Flag,
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// Another structure.
    One(&'static Structure),
    /// A list of so many elements.
    List(RangeInclusive<usize>, &'static Holds),
}

impl Structure {
    /// Checks a node and all below; gives its members if it is an object.
    pub(crate) fn check<'d>(&'static self, node: Node<'d>, report: &mut Report) -> Option<Members<'d>> {
        let members = self.shape.open(node, report)?;
        for (member, holds) in self.shape.members.iter().zip(self.holds) {
            if let Some(value) = members.get(member.name) {
                holds.check(value, report);
            }
        }
        Some(members)
    }
}

impl Holds {
    fn check(&'static self, node: Node<'_>, report: &mut Report) {
        match self {
            Self::Text(characters_max) => drop(text(node, 1..=*characters_max, Charset::NotBlank, report)),
            Self::Name(characters_max) => drop(text(node, 1..=*characters_max, Charset::Name, report)),
            Self::Word(what, words) => drop(choice(node, what, words, report)),
            Self::Flag => {
                if node.as_bool().is_none() {
                    node.mismatch("true or false", report);
                }
            }
            Self::Number(range) => drop(integer(node, range.clone(), report)),
            Self::One(structure) => drop(structure.check(node, report)),
            Self::List(count, each) => {
                for item in items(node, *count.start()..count.end().saturating_add(1), report).unwrap_or_default() {
                    each.check(item, report);
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Holds, Structure};
    use crate::aws::shape::Shape;

    /// The shapes of a structure and of all below.
    pub(crate) fn shapes_below(structure: &'static Structure, found: &mut Vec<&'static Shape>) {
        assert_eq!(structure.shape.members.len(), structure.holds.len(), "{}", structure.shape.name);
        if found.iter().any(|shape| shape.name == structure.shape.name) {
            return;
        }
        found.push(&structure.shape);
        for holds in structure.holds {
            let mut holds = holds;
            while let Holds::List(_, each) = holds {
                holds = each;
            }
            if let Holds::One(below) = holds {
                shapes_below(below, found);
            }
        }
    }
}
