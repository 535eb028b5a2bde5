//! A pattern's automaton with every edge turned round: it reads a text from its end, and is led from where a match ends to
//! every state from which one can.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;

/// States are numbered as in the automaton that was turned round.
#[derive(Debug)]
pub(super) struct Mirror {
    /// By state: where its edges begin; one more at the end.
    first: Box<[u32]>,
    edges: Box<[Edge]>,
    /// Where a match ends, if one can: here reading begins, before any byte.
    pub(super) end: Option<u32>,
    /// Where a match begins.
    pub(super) start: u32,
}

/// An edge to a state.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edge {
    /// One of these bytes is read, the last included.
    Bytes { first: u8, last: u8, to: u32 },
    /// Nothing is read; a condition on the place holds, as it is for one who reads backward.
    Look { look: Look, to: u32 },
    /// Nothing is read.
    Free { to: u32 },
}

impl Edge {
    /// Where it leads.
    pub(super) fn to(self) -> u32 {
        let (Self::Bytes { to, .. } | Self::Look { to, .. } | Self::Free { to }) = self;
        to
    }
}

impl Mirror {
    /// Turns round what can be reached from where matches begin.
    pub(super) fn of(nfa: &NFA) -> Self {
        let mut met = vec![false; nfa.states().len()];
        let mut stack = vec![nfa.start_anchored()];
        let mut turned: Vec<(StateID, Edge)> = Vec::new();
        let mut end = None;
        while let Some(state) = stack.pop() {
            if std::mem::replace(&mut met[state.as_usize()], true) {
                continue;
            }
            if matches!(nfa.state(state), State::Match { .. }) {
                end = Some(state.as_u32());
            }
            let known = turned.len();
            edges(nfa, state, |then, edge| turned.push((then, edge)));
            stack.extend(turned[known..].iter().map(|(then, _)| *then));
        }
        turned.sort_by_key(|(from, _)| *from);
        let states = 0..=nfa.states().len();
        let first = states.map(|state| turned.partition_point(|(from, _)| from.as_usize() < state) as u32).collect();
        let edges = turned.into_iter().map(|(_, edge)| edge).collect();
        Self { first, edges, end, start: nfa.start_anchored().as_u32() }
    }

    /// The edges of a state.
    pub(super) fn edges(&self, state: u32) -> &[Edge] {
        &self.edges[self.first[state as usize] as usize..self.first[state as usize + 1] as usize]
    }
}

/// The edges of a state of the automaton, each with where it leads and what it is turned round.
fn edges(nfa: &NFA, state: StateID, mut each: impl FnMut(StateID, Edge)) {
    let to = state.as_u32();
    let mut bytes = |first, last, then| each(then, Edge::Bytes { first, last, to });
    match nfa.state(state) {
        State::ByteRange { trans } => bytes(trans.start, trans.end, trans.next),
        State::Sparse(steps) => steps.transitions.iter().for_each(|step| bytes(step.start, step.end, step.next)),
        State::Dense(steps) => {
            let steps = (0..=u8::MAX).filter_map(|byte| Some((byte, steps.matches_byte(byte)?)));
            steps.for_each(|(byte, then)| bytes(byte, byte, then));
        }
        State::Look { look, next } => each(*next, Edge::Look { look: look.reversed(), to }),
        State::Union { alternates } => alternates.iter().for_each(|then| each(*then, Edge::Free { to })),
        State::BinaryUnion { alt1, alt2 } => [*alt1, *alt2].into_iter().for_each(|then| each(then, Edge::Free { to })),
        State::Capture { next, .. } => each(*next, Edge::Free { to }),
        State::Match { .. } | State::Fail => {}
    }
}
