//! Patterns that no linear engine can match, written for one that backtracks: `fancy_regex`.
//!
//! That engine's own syntax is another than PCRE's (`\h` is a digit there, `&&` an intersection), so nothing of a pattern goes to
//! it as it was written. What a pattern means is written anew from a few constructs that mean the same in both: classes of
//! bytes in hexadecimal, groups, counted repetitions, atomic groups, looks around, references by number. Places (`^`, `$`,
//! `\b`) are written as looks around, so that they are PCRE's.

use std::fmt::Write as _;

use fancy_regex::{BytesMode, Regex, RegexBuilder};

use super::PatternError;
use super::byte_set::ByteSet;
use super::escape;
use super::node::{Look, Node, Place};

/// The largest program, in instructions: more than any pattern of the Core Rule Set would take.
const INSTRUCTIONS_MAX: usize = 100_000;

/// A pattern as the engine that backtracks takes it.
#[derive(Debug, Clone)]
pub(crate) struct Written(String);

impl Written {
    /// Writes a pattern.
    ///
    /// # Errors
    ///
    /// If it looks back on a text whose length varies, as PCRE does not either.
    pub(super) fn of(node: &Node) -> Result<Self, PatternError> {
        let mut text = String::new();
        write(node, &mut text)?;
        Ok(Self(text))
    }

    /// Builds it, to give up after so many steps back.
    ///
    /// # Errors
    ///
    /// If it is too large or nests too deep.
    pub(crate) fn build(&self, steps_max: usize, bytes_max: usize) -> Result<Regex, PatternError> {
        RegexBuilder::new(&self.0)
            .bytes_mode(BytesMode::Ascii)
            .backtrack_limit(steps_max)
            .delegate_size_limit(bytes_max)
            .max_prog_size(INSTRUCTIONS_MAX)
            .build()
            .map_err(|error| PatternError { reason: error.to_string(), at: None, may_backtrack: false })
    }
}

fn write(node: &Node, out: &mut String) -> Result<(), PatternError> {
    match node {
        Node::Byte(bytes) => write_class(*bytes, out),
        Node::Place(place) => write_place(*place, out),
        Node::Sequence(parts) => parts.iter().try_for_each(|part| write(part, out))?,
        Node::Choice(parts) => {
            out.push_str("(?:");
            write_alternatives(parts, out)?;
            out.push(')');
        }
        Node::Repeat { body, least, most, greedy } => {
            within("(?:", body, out)?;
            match most {
                Some(most) => put(out, format_args!("{{{least},{most}}}")),
                None => put(out, format_args!("{{{least},}}")),
            }
            out.push_str(if *greedy { "" } else { "?" });
        }
        Node::Group(_, body) => within("(", body, out)?,
        Node::Once(body, _) => within("(?>", body, out)?,
        Node::Look(Look { ahead: true, negated, body, .. }) => {
            within(if *negated { "(?!" } else { "(?=" }, body, out)?;
        }
        Node::Look(look) => write_behind(look, out)?,
        Node::Reference { group, folds, .. } => {
            put(out, format_args!(r"{}\{group})", if *folds { "(?i:" } else { "(?:" }));
        }
    }
    Ok(())
}

fn within(opening: &str, body: &Node, out: &mut String) -> Result<(), PatternError> {
    out.push_str(opening);
    write(body, out)?;
    out.push(')');
    Ok(())
}

fn write_alternatives(parts: &[Node], out: &mut String) -> Result<(), PatternError> {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            out.push('|');
        }
        write(part, out)?;
    }
    Ok(())
}

/// A look back: each alternative has a length of its own.
fn write_behind(look: &Look, out: &mut String) -> Result<(), PatternError> {
    let parts = match &*look.body {
        Node::Choice(parts) => parts.as_slice(),
        body => std::slice::from_ref(body),
    };
    out.push_str("(?:");
    for (number, part) in parts.iter().enumerate() {
        if length(part).is_none() {
            return Err(PatternError::at(look.at, "the length of what a look-behind looks at varies"));
        }
        if number > 0 && !look.negated {
            out.push('|');
        }
        within(if look.negated { "(?<!" } else { "(?<=" }, part, out)?;
    }
    out.push(')');
    Ok(())
}

/// How many bytes a part takes, if that is always as many.
fn length(node: &Node) -> Option<usize> {
    match node {
        Node::Byte(_) => Some(1),
        Node::Place(_) | Node::Look(_) => Some(0),
        Node::Sequence(parts) => parts.iter().map(length).try_fold(0_usize, |sum, part| sum.checked_add(part?)),
        Node::Choice(parts) => {
            let mut lengths = parts.iter().map(length);
            let first = lengths.next()??;
            lengths.all(|other| other == Some(first)).then_some(first)
        }
        Node::Repeat { body, least, most, .. } if Some(*least) == *most => length(body)?.checked_mul(*least as usize),
        Node::Repeat { .. } | Node::Reference { .. } => None,
        Node::Group(_, body) | Node::Once(body, _) => length(body),
    }
}

fn write_class(bytes: ByteSet, out: &mut String) {
    let ranges = bytes.ranges();
    if ranges.is_empty() {
        // Nothing matches.
        return out.push_str("(?!)");
    }
    out.push('[');
    for (first, last) in ranges {
        put(out, format_args!(r"\x{first:02X}"));
        if last > first {
            put(out, format_args!(r"-\x{last:02X}"));
        }
    }
    out.push(']');
}

fn write_place(place: Place, out: &mut String) {
    let mut word = String::new();
    write_class(escape::word(), &mut word);
    match place {
        Place::Start => out.push_str(r"\A"),
        Place::End => out.push_str(r"\z"),
        // PCRE has no line after a line feed that ends the value.
        Place::LineStart => out.push_str(r"(?:\A|(?<=[\x0A])(?!\z))"),
        Place::LineEnd => out.push_str(r"(?:\z|(?=[\x0A]))"),
        Place::WordEdge => put(out, format_args!("(?:(?<={word})(?!{word})|(?<!{word})(?={word}))")),
        Place::NoWordEdge => put(out, format_args!("(?:(?<={word})(?={word})|(?<!{word})(?!{word}))")),
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes whatever is written");
}
