//! What members an AWS structure has, and what becomes of each: the tables that keep anything from being ignored.
//!
//! Every structure the loader reads is a [`Shape`]; opening a node with it reports unknown, missing and unsupported
//! members at once. Tests hold every shape against the API model.

use std::ops::Range;

use sekisho_model::Diagnostic;

use crate::document::Node;
use crate::report::{Report, quoted};

/// A structure of the AWS API.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its name in the API.
    pub(crate) name: &'static str,
    /// All its members.
    pub(crate) members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its key.
    pub(crate) name: &'static str,
    /// What becomes of it.
    pub(crate) role: Role,
}

/// What becomes of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Read; its absence is an error.
    Required,
    /// Read if present.
    Optional,
    /// Changes nothing about the evaluation of a request; accepted, and unread but for `Capacity`.
    NoEffect,
    /// Would change the evaluation, and is not honoured: refused by name, with the reason or the way out.
    Unsupported(&'static str),
}

impl Role {
    fn is_refused(self) -> bool {
        matches!(self, Self::Unsupported(_))
    }
}

pub(crate) const fn required(name: &'static str) -> Member {
    Member { name, role: Role::Required }
}

pub(crate) const fn optional(name: &'static str) -> Member {
    Member { name, role: Role::Optional }
}

pub(crate) const fn no_effect(name: &'static str) -> Member {
    Member { name, role: Role::NoEffect }
}

pub(crate) const fn unsupported(name: &'static str, help: &'static str) -> Member {
    Member { name, role: Role::Unsupported(help) }
}

/// A structure without members, such as `{}` for `UriPath`.
pub(crate) const fn empty(name: &'static str) -> Shape {
    Shape { name, members: &[] }
}

/// A node that was opened with a shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'d> {
    node: Node<'d>,
    shape: &'static Shape,
}

impl<'d> Members<'d> {
    /// The structure itself.
    pub(crate) fn node(self) -> Node<'d> {
        self.node
    }

    /// The value of a member.
    pub(crate) fn get(self, name: &'static str) -> Option<Node<'d>> {
        debug_assert!(self.shape.members.iter().any(|member| member.name == name), "{name} is not in the table");
        self.node.get(name)
    }
}

impl Shape {
    /// Opens a node: reports if it is no object, and which members are unknown, unsupported or missing.
    pub(crate) fn open<'d>(&'static self, node: Node<'d>, report: &mut Report) -> Option<Members<'d>> {
        for (key, value) in node.object(report)? {
            match self.members.iter().find(|member| member.name == key.text()) {
                Some(Member { role: Role::Unsupported(help), name }) => {
                    let message = format!("not supported: {} {}", self.name, quoted(name));
                    report.push(key.error("not-supported", message).help(*help));
                }
                Some(Member { role: Role::NoEffect, .. }) => left_unread(value),
                Some(_) => {}
                None => {
                    let place = key.error("unknown-field", String::new());
                    let problem = self.unknown_member(key.text(), place, report);
                    report.push(problem);
                }
            }
        }
        for member in self.members.iter().filter(|member| member.role == Role::Required) {
            if node.get(member.name).is_none() {
                let message = format!("{} needs {}", self.name, quoted(member.name));
                report.push(node.error("missing-field", message));
            }
        }
        Some(Members { node, shape: self })
    }

    fn unknown_member(&self, name: &str, place: Diagnostic, report: &Report) -> Diagnostic {
        let message = format!("unknown field {}", quoted(name));
        let help = report.did_you_mean(name, self.members.iter().map(|member| member.name)).or_else(|| {
            let names: Vec<_> = self.members.iter().map(|member| member.name).collect();
            (!names.is_empty() && names.len() <= 12).then(|| format!("its fields are {}", names.join(", ")))
        });
        Diagnostic { message, help, ..place }.label(format!("not a field of {}", self.name))
    }

    /// Opens a structure that must have exactly one of its members, and gives that one.
    pub(crate) fn open_union<'d>(
        &'static self,
        node: Node<'d>,
        report: &mut Report,
    ) -> Option<(&'static Member, Node<'d>)> {
        let members = self.open(node, report)?;
        let mut present = node.as_object()?.filter_map(|(key, value)| {
            let member = self.members.iter().find(|member| member.name == key.text())?;
            Some((member, key, value))
        });
        let Some((member, _, value)) = present.next() else {
            // A misspelt member is reported already.
            if node.as_object().is_some_and(|mut entries| entries.next().is_none()) {
                report.push(
                    members.node().error("missing-field", format!("{} is empty", self.name)).help(self.choices()),
                );
            }
            return None;
        };
        for (other, key, _) in present {
            let message = format!("{} has both `{}` and `{}`", self.name, member.name, other.name);
            report.push(key.error("more-than-one", message).help("exactly one is allowed"));
        }
        (!member.role.is_refused()).then_some((member, value))
    }

    fn choices(&self) -> String {
        let names: Vec<_> =
            self.members.iter().filter(|member| !member.role.is_refused()).map(|member| member.name).collect();
        format!("exactly one is needed of {}", names.join(", "))
    }
}

/// Where loads are watched, a member without effect is told of.
#[cfg(any(test, fuzzing))]
fn left_unread(value: Node<'_>) {
    super::scrutiny::without_effect(value);
}

#[cfg(not(any(test, fuzzing)))]
fn left_unread(_: Node<'_>) {}

/// Checks that an integer lies in a range.
pub(crate) fn integer(node: Node<'_>, range: std::ops::RangeInclusive<i64>, report: &mut Report) -> Option<i64> {
    let (min, max) = (*range.start(), *range.end());
    match node.as_i64() {
        Some(value) if range.contains(&value) => Some(value),
        None if node.is_invalid() => None,
        None if node.describe() != "a number" => {
            node.mismatch("a whole number", report);
            None
        }
        _ => {
            let message = format!("expected a whole number from {min} to {max}");
            report.push(node.error("out-of-range", message));
            None
        }
    }
}

/// The characters an AWS string may consist of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Charset {
    /// `^[\w\-]+$`
    Name,
    /// `^[\w#:\.\-/]+$`
    Metric,
    /// `^[0-9A-Za-z_\-:]+$`
    Label,
    /// `^[a-zA-Z0-9-]+$`
    ForwardedHeader,
    /// `^[a-zA-Z0-9._$-]+$`
    HeaderName,
    /// `^[\w\.\-/]+$`
    TokenDomain,
    /// `.*\S.*`
    NotBlank,
    /// Anything at all.
    Any,
}

impl Charset {
    fn bad(self, text: &str) -> Option<&'static str> {
        let all =
            |extra: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.as_bytes().contains(&byte));
        let (holds, expected) = match self {
            Self::Name => (all("_-"), "letters, digits, `_` and `-`"),
            Self::Metric => (all("_#:.-/"), "letters, digits and `_#:.-/`"),
            Self::Label => (all("_-:"), "letters, digits, `_`, `-` and `:`"),
            Self::ForwardedHeader => (all("-"), "letters, digits and `-`"),
            Self::HeaderName => (all("._$-"), "letters, digits and `._$-`"),
            Self::TokenDomain => (all("_.-/"), "letters, digits and `_.-/`"),
            Self::NotBlank => (text.contains(|c: char| !c.is_whitespace()), "something other than white space"),
            Self::Any => (true, ""),
        };
        (!holds).then_some(expected)
    }
}

/// Checks that a string has a length, in characters, and consists of the right ones.
pub(crate) fn text<'d>(
    node: Node<'d>,
    length: std::ops::RangeInclusive<usize>,
    charset: Charset,
    report: &mut Report,
) -> Option<&'d str> {
    let text = node.string(report)?;
    if !length.contains(&text.chars().count()) {
        let message = format!("expected {} to {} characters", length.start(), length.end());
        report.push(node.error("bad-length", message));
        return None;
    }
    if let Some(expected) = charset.bad(text) {
        report.push(node.error("bad-characters", format!("expected {expected}")));
        return None;
    }
    Some(text)
}

/// Looks a word up in a table.
pub(crate) fn choice<T: Copy>(node: Node<'_>, what: &str, table: &[(&str, T)], report: &mut Report) -> Option<T> {
    let word = node.string(report)?;
    let found = table.iter().find(|(name, _)| *name == word).map(|&(_, value)| value);
    if found.is_none() {
        let mut diagnostic = node.error("unknown-value", format!("{} is no {what}", quoted(word)));
        diagnostic.help = report.did_you_mean(word, table.iter().map(|(name, _)| *name)).or_else(|| {
            let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
            (names.len() <= 12).then(|| format!("expected one of {}", names.join(", ")))
        });
        report.push(diagnostic);
    }
    found
}

/// Checks how many elements an array has.
pub(crate) fn items<'d>(node: Node<'d>, count: Range<usize>, report: &mut Report) -> Option<Vec<Node<'d>>> {
    let items = node.array(report)?;
    if count.contains(&items.len()) {
        return Some(items);
    }
    let message = if items.len() < count.start {
        format!("expected at least {} element{}", count.start, if count.start == 1 { "" } else { "s" })
    } else {
        format!("expected at most {} elements", count.end - 1)
    };
    report.push(node.error("bad-length", message));
    None
}
