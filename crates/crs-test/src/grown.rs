//! Requests grown from bytes: each byte decides the next turn, so that small changes of the input are small changes of the
//! request. They are made of what tests send, taken apart, rewritten and put together anew: most are well formed, and most
//! touch some rule.

mod choices;
mod message;
mod rewrite;

use std::collections::BTreeSet;

pub use choices::Choices;

use crate::case::Test;
use crate::outcome::{Outcome, Response};

/// Pieces are at least and at most so long, in bytes: shorter ones say nothing, longer ones are whole bodies.
const PIECE_BYTES_MIN: usize = 3;
const PIECE_BYTES_MAX: usize = 400;
/// Longer requests of tests are left out: they are long to reach a limit, not for what they say.
const REQUEST_BYTES_MAX: usize = 8 << 10;

/// What requests are made of.
#[derive(Debug, Clone)]
pub struct Stock {
    requests: Vec<Vec<u8>>,
    pieces: Vec<Vec<u8>>,
}

impl Stock {
    /// The requests of tests, and the pieces they fall into.
    pub fn of<'t>(tests: impl IntoIterator<Item = &'t Test>) -> Self {
        let mut requests = Vec::new();
        for test in tests {
            test.send(|bytes| {
                if bytes.len() <= REQUEST_BYTES_MAX {
                    requests.push(bytes.to_vec());
                }
                Outcome { response: Some(Response::default()), ..Outcome::default() }
            });
        }
        let between = |byte: &u8| matches!(byte, b'&' | b'=' | b'\r' | b'\n' | b'"' | b'?');
        let pieces: BTreeSet<&[u8]> = requests
            .iter()
            .flat_map(|request| request.split(between))
            .filter(|piece| (PIECE_BYTES_MIN..=PIECE_BYTES_MAX).contains(&piece.len()))
            .collect();
        let pieces = pieces.into_iter().map(<[u8]>::to_vec).collect();
        Self { requests, pieces }
    }

    /// The bytes of a request, for as many turns as there are bytes.
    #[must_use]
    pub fn request(&self, bytes: &[u8]) -> Vec<u8> {
        let mut choices = Choices::new(bytes);
        if choices.chance(4) { self.of_a_test(&mut choices) } else { message::grow(self, &mut choices) }
    }

    /// A request of a test, with one of its ends rewritten.
    fn of_a_test(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let request = choices.pick_of_many(&self.requests).map(Vec::as_slice).unwrap_or_default();
        let end = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(request.len(), |at| at + 4);
        let (head, body) = request.split_at(end);
        if body.is_empty() || choices.chance(2) {
            let (line, fields) = head.split_at(head.iter().position(|byte| *byte == b'\r').unwrap_or(head.len()));
            let (start, target) = line.split_at(line.iter().position(|byte| *byte == b'?').unwrap_or(line.len()));
            let (target, version) = target.split_at(target.iter().rposition(|byte| *byte == b' ').unwrap_or(0));
            let target =
                if target.is_empty() { Vec::new() } else { rewrite::in_a_line(self.rewritten(choices, target)) };
            return [start, &target, version, fields, body].concat();
        }
        message::with_length(head, &self.rewritten(choices, body))
    }

    /// One or two pieces, rewritten.
    fn value(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut value = choices.pick_of_many(&self.pieces).cloned().unwrap_or_default();
        if choices.chance(4) {
            value.extend_from_slice(choices.pick_of_many(&self.pieces).map(Vec::as_slice).unwrap_or_default());
        }
        self.rewritten(choices, &value)
    }

    fn rewritten(&self, choices: &mut Choices<'_>, value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        for _ in 0..choices.below(4) {
            let piece = choices.pick_of_many(&self.pieces).map(Vec::as_slice).unwrap_or_default();
            value = rewrite::once(choices, value, piece);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::SourceFile;

    use super::*;
    use crate::TestFile;

    fn stock() -> Stock {
        let text = "rule_id: 1\ntests:\n  - stages:\n      - input: {uri: '/?a=union+select&b=<script>', headers: {Host: h}}\n        \
                    output: {}\n  - stages:\n      - input: {method: POST, uri: /p, data: 'c=etc/passwd', headers: {Host: h}}\n        \
                    output: {}\n";
        let file =
            TestFile::read(&SourceFile::new("t.yaml", text)).unwrap_or_else(|found| panic!("{}", found.render(false)));
        Stock::of(&file.tests)
    }

    #[test]
    fn pieces_are_what_stands_between_separators() {
        let pieces = stock().pieces;
        for piece in [&b"union+select"[..], b"etc%2Fpasswd", b"Host: h"] {
            assert!(pieces.iter().any(|known| known == piece), "{pieces:?}");
        }
    }

    #[test]
    fn every_input_makes_a_request_and_most_of_them_one_that_can_be_read() {
        let stock = stock();
        let mut state = 1_u64;
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let (mut readable, mut kinds) = (0, BTreeSet::new());
        for _ in 0..1_000 {
            let input: Vec<u8> = (0..200).map(|_| byte()).collect();
            let request = stock.request(&input);
            assert_eq!(request, stock.request(&input));
            readable +=
                usize::from(sekisho_edge::http1::read::read(&request, sekisho_edge::http1::Limits::default()).is_ok());
            let text = String::from_utf8_lossy(&request).into_owned();
            kinds.extend(
                ["json", "xml", "multipart", "urlencoded", "Cookie"].into_iter().filter(|kind| text.contains(kind)),
            );
        }
        assert!(readable > 700, "{readable}");
        assert_eq!(kinds.len(), 5, "{kinds:?}");
    }
}
