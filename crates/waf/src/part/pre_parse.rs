//! What is done to the raw query string before it is taken apart into arguments.
//!
//! Source: AWS WAF Developer Guide, "Using pre-parse text transformations in AWS WAF".

use std::ops::Range;

use memchr::memchr;

use crate::ir::PreParse;
use crate::name_table::{NameTable, Seen};
use crate::transform::{Outcome, Transform};

/// What is kept between query strings.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The query string after a step, and room for the next.
    text: Vec<u8>,
    spare: Vec<u8>,
    names: NameTable,
    arguments: Vec<Argument>,
    /// By number of the name: its last argument so far.
    last: Vec<usize>,
}

/// An argument of the query string.
#[derive(Debug)]
struct Argument {
    name: Range<usize>,
    value: Range<usize>,
    /// Whether it is the first of its name.
    first: bool,
    /// The next of the same name.
    next: Option<usize>,
}

impl Memory {
    /// Runs a chain over a query string.
    pub(super) fn apply<'q>(&'q mut self, chain: &[PreParse], query: &'q [u8]) -> &'q [u8] {
        let mut changed = false;
        for &step in chain {
            let mut out = std::mem::take(&mut self.spare);
            out.clear();
            let input = std::mem::take(&mut self.text);
            let outcome = self.step(step, if changed { &input } else { query }, &mut out);
            (self.text, self.spare) = match outcome {
                Outcome::Changed => (out, input),
                Outcome::Unchanged => (input, out),
            };
            changed |= outcome == Outcome::Changed;
        }
        if changed { &self.text } else { query }
    }

    /// Gives back what grew beyond measure.
    pub(super) fn shrink(&mut self, text_bytes_max: usize) {
        if self.text.capacity() + self.spare.capacity() > text_bytes_max {
            *self = Self::default();
        }
    }

    fn step(&mut self, step: PreParse, query: &[u8], out: &mut Vec<u8>) -> Outcome {
        match step {
            PreParse::UrlDecode => Transform::UrlDecode.apply(query, out),
            PreParse::UrlDecodeUni => Transform::UrlDecodeUni.apply(query, out),
            PreParse::CombineDuplicates => self.combine(query, out),
            PreParse::SemicolonsToAmpersands if !query.contains(&b';') => Outcome::Unchanged,
            PreParse::SemicolonsToAmpersands => {
                out.extend(query.iter().map(|&byte| if byte == b';' { b'&' } else { byte }));
                Outcome::Changed
            }
        }
    }

    /// Joins the values of arguments of one name, compared as everywhere in any case, by commas where the first of them
    /// stands.
    fn combine(&mut self, query: &[u8], out: &mut Vec<u8>) -> Outcome {
        let Self { names, arguments, last, .. } = self;
        names.clear();
        arguments.clear();
        last.clear();
        let mut at = 0;
        for piece in query.split(|&byte| byte == b'&') {
            let (start, end) = (at, at + piece.len());
            at = end + 1;
            if piece.is_empty() {
                continue;
            }
            let name_end = memchr(b'=', piece).map_or(end, |equals| start + equals);
            let name = &query[start..name_end];
            let number = arguments.len();
            let first = match names.add(0, |out| out.extend(name.iter().map(u8::to_ascii_lowercase))) {
                Seen::First(_) => {
                    last.push(number);
                    true
                }
                Seen::Again(name) => {
                    arguments[std::mem::replace(&mut last[name], number)].next = Some(number);
                    false
                }
            };
            arguments.push(Argument { name: start..name_end, value: (name_end + 1).min(end)..end, first, next: None });
        }
        if arguments.len() == last.len() {
            return Outcome::Unchanged;
        }
        for argument in arguments.iter().filter(|argument| argument.first) {
            if !out.is_empty() {
                out.push(b'&');
            }
            out.extend_from_slice(&query[argument.name.clone()]);
            out.push(b'=');
            out.extend_from_slice(&query[argument.value.clone()]);
            let mut next = argument.next;
            while let Some(number) = next {
                out.push(b',');
                out.extend_from_slice(&query[arguments[number].value.clone()]);
                next = arguments[number].next;
            }
        }
        Outcome::Changed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Memory;
    use crate::ir::PreParse::{self, CombineDuplicates, SemicolonsToAmpersands, UrlDecode, UrlDecodeUni};
    use crate::part::query;

    fn applied(memory: &mut Memory, chain: &[PreParse], query: &str) -> String {
        String::from_utf8(memory.apply(chain, query.as_bytes()).to_vec()).unwrap()
    }

    /// The first line of each is the guide's example.
    #[test]
    fn each_step_does_what_the_guide_says() {
        let mut memory = Memory::default();
        for (step, query, expected) in [
            (UrlDecode, "a=1%26b%3D2", "a=1&b=2"),
            (UrlDecode, "a=%u0026+%zz", "a=%u0026 %zz"),
            (UrlDecodeUni, "a=%uff1cb%26c%u013d1", "a=<b&c=1"),
            (CombineDuplicates, "a=1&b=2&a=3", "a=1,3&b=2"),
            (CombineDuplicates, "a=1&&b=2", "a=1&&b=2"),
            (CombineDuplicates, "a&b=2&A=3&a=&B", "a=,3,&b=2,"),
            (CombineDuplicates, "=1&=2", "=1,2"),
            (CombineDuplicates, "", ""),
            (SemicolonsToAmpersands, "a=1;b=2", "a=1&b=2"),
            (SemicolonsToAmpersands, "a=1", "a=1"),
        ] {
            assert_eq!(applied(&mut memory, &[step], query), expected, "{step:?} of {query}");
        }
    }

    /// Names in the order first seen, and the values of each.
    fn grouped(query: &[u8]) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
        let mut groups: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
        for (name, value) in query::arguments(query) {
            match groups.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, values)) => values.push(value.to_vec()),
                None => groups.push((name.to_vec(), vec![value.to_vec()])),
            }
        }
        groups
    }

    proptest! {
        #[test]
        fn arguments_are_combined_as_by_hand(query in "[aAbB=&,;%2]{0,24}", again in "[aAbB=&,;%2]{0,24}") {
            let mut memory = Memory::default();
            for query in [query.as_bytes(), again.as_bytes()] {
                let expected: Vec<_> =
                    grouped(query).into_iter().map(|(name, values)| (name, vec![values.join(&b','.to_owned())])).collect();
                prop_assert_eq!(grouped(memory.apply(&[CombineDuplicates], query)), expected);
            }
        }
    }

    #[test]
    fn many_names_are_combined_in_linear_time() {
        let query: String = (0..100_000).map(|number| format!("{}=1&", number % 50_000)).collect();
        let started = std::time::Instant::now();
        assert!(applied(&mut Memory::default(), &[CombineDuplicates], &query).starts_with("0=1,1&1=1,1&2=1,1&"));
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    #[test]
    fn steps_run_in_the_order_given() {
        let mut memory = Memory::default();
        let query = "a=1%3Ba=2";
        assert_eq!(applied(&mut memory, &[], query), query);
        assert_eq!(applied(&mut memory, &[UrlDecode, SemicolonsToAmpersands, CombineDuplicates], query), "a=1,2");
        assert_eq!(applied(&mut memory, &[CombineDuplicates, SemicolonsToAmpersands, UrlDecode], query), "a=1;a=2");
        assert_eq!(applied(&mut memory, &[SemicolonsToAmpersands, UrlDecode, CombineDuplicates], query), "a=1;a=2");
        assert_eq!(applied(&mut memory, &[UrlDecode, CombineDuplicates, SemicolonsToAmpersands], query), "a=1&a=2");
    }
}
