//! The parts of sets that were met, and what bytes make of them.

use std::collections::HashMap;

use regex_automata::nfa::thompson::State;
use regex_automata::util::primitives::StateID;

use super::Sliced;

/// From here on an entry is no part: its step is not known, or it is one of the crossings.
const CROSSING: u32 = 1 << 31;
/// An entry whose step is not known.
const UNKNOWN: u32 = u32::MAX;

/// A part of a set: where its row of steps begins.
pub(super) type PartId = u32;

/// What stands before a place, as far as conditions on places can tell: an index into [`Before::BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Before(u8);

impl Before {
    /// One byte of each kind.
    const BYTES: [Option<u8>; 5] = [None, Some(b'\n'), Some(b'\r'), Some(b'a'), Some(b' ')];

    pub(super) fn of(byte: Option<u8>) -> Self {
        Self(match byte {
            None => 0,
            Some(b'\n') => 1,
            Some(b'\r') => 2,
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => 3,
            Some(_) => 4,
        })
    }

    fn byte(self) -> Option<u8> {
        Self::BYTES[usize::from(self.0)]
    }
}

/// A part: states of one slice, in order, after a byte of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part {
    slice: u8,
    before: Before,
    states: Box<[u32]>,
}

/// A step that is more than the next part of the same slice.
#[derive(Debug)]
struct Crossing {
    next: PartId,
    /// Whether a match ends before the byte.
    is_match: bool,
    /// Slices that are led into, and the parts they are led to.
    to: Box<[(u8, PartId)]>,
}

/// What a pattern's slices were led to so far, and where they are in a search.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Row by row, by class: the next part, or a crossing.
    steps: Vec<u32>,
    /// By row.
    parts: Vec<Part>,
    known: HashMap<Part, PartId>,
    crossings: Vec<Crossing>,
    unions: HashMap<(PartId, PartId), PartId>,
    /// What parts and crossings take besides their rows, in bytes.
    bytes: usize,
    /// By slice: where it is.
    now: Vec<PartId>,
    /// By slice: where the byte at hand leads, as entries.
    then: Vec<u32>,
    /// The kind of the byte before.
    before: Before,
    /// Whether a match may begin at any place.
    is_open: bool,
    closure: Closure,
}

/// Memory for following what takes no byte.
#[derive(Debug, Default)]
struct Closure {
    /// By state: in which round it was met last.
    met: Vec<u32>,
    round: u32,
    stack: Vec<StateID>,
    /// States that a byte leads to.
    targets: Vec<u32>,
    is_match: bool,
}

impl Parts {
    /// The memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.steps.len() * size_of::<u32>() + self.bytes
    }

    /// Nothing read yet. One memory is for searches where matches may begin anywhere, or for those where they may not.
    pub(super) fn begin(&mut self, sliced: &Sliced, before: Before, is_open: bool) {
        self.is_open = is_open;
        self.before = before;
        self.closure.met.resize(sliced.nfa.states().len(), 0);
        self.now.clear();
        for slice in 0..sliced.slices {
            let part = self.part(sliced, slice, before, &[]);
            self.now.push(part);
        }
        self.then.clear();
        self.then.resize(sliced.slices, 0);
    }

    /// Begins at a state.
    pub(super) fn enter(&mut self, sliced: &Sliced, state: StateID) {
        let slice = sliced.slice_of(state.as_usize());
        self.now[slice] = self.part(sliced, slice, self.before, &[state.as_u32()]);
    }

    /// Goes on where another search is.
    pub(super) fn take_over(&mut self, sliced: &Sliced, other: &Self) {
        for (slice, part) in other.now.iter().enumerate() {
            let part = &other.parts[*part as usize / sliced.classes()];
            self.now[slice] = self.part(sliced, slice, part.before, &part.states);
        }
    }

    /// Whether nothing is under way.
    pub(super) fn are_empty(&self, sliced: &Sliced) -> bool {
        self.now.iter().all(|part| self.parts[*part as usize / sliced.classes()].states.is_empty())
    }

    /// Reads a byte; whether a match ends before it.
    pub(super) fn read(&mut self, sliced: &Sliced, byte: u8) -> bool {
        let class = sliced.class_of[usize::from(byte)];
        let is_match = !self.step(class) && self.resolve(sliced, class);
        std::mem::swap(&mut self.now, &mut self.then);
        is_match
    }

    /// Looks up where a byte of a class leads; whether every slice knew.
    fn step(&mut self, class: u8) -> bool {
        let mut entries = 0;
        for (now, then) in self.now.iter().zip(&mut self.then) {
            *then = self.steps[*now as usize + usize::from(class)];
            entries |= *then;
        }
        entries < CROSSING
    }

    /// Finds out where a byte leads that not every slice knew of; whether a match ends before it.
    fn resolve(&mut self, sliced: &Sliced, class: u8) -> bool {
        if self.bytes() > sliced.parts_bytes_max {
            self.forget(sliced);
        }
        let mut is_match = false;
        for slice in 0..sliced.slices {
            let at = self.now[slice] as usize + usize::from(class);
            if self.steps[at] == UNKNOWN {
                let entry = self.follow(sliced, self.now[slice], class);
                self.steps[at] = entry;
            }
            self.then[slice] = self.steps[at];
        }
        for slice in 0..sliced.slices {
            let entry = self.then[slice];
            if entry >= CROSSING {
                let crossing = &self.crossings[(entry - CROSSING) as usize];
                self.then[slice] = crossing.next;
                is_match |= crossing.is_match;
            }
        }
        for slice in 0..sliced.slices {
            let entry = self.steps[self.now[slice] as usize + usize::from(class)];
            if entry >= CROSSING {
                let crossing = (entry - CROSSING) as usize;
                for at in 0..self.crossings[crossing].to.len() {
                    let (into, part) = self.crossings[crossing].to[at];
                    self.then[usize::from(into)] = self.union(sliced, self.then[usize::from(into)], part);
                }
            }
        }
        is_match
    }

    /// Whether a match ends after all bytes.
    pub(super) fn matches_at_end(&mut self, sliced: &Sliced, after: Option<u8>) -> bool {
        let Self { closure, parts, now, is_open, .. } = self;
        closure.begin();
        for part in now.iter() {
            let part = &parts[*part as usize / sliced.classes()];
            if *is_open {
                closure.follow(sliced, sliced.nfa.start_anchored(), (part.before, after));
            }
            part.states.iter().for_each(|state| closure.follow(sliced, id(*state), (part.before, after)));
        }
        closure.is_match
    }

    /// Where a byte leads from a part.
    fn follow(&mut self, sliced: &Sliced, part: PartId, class: u8) -> u32 {
        let byte = sliced.bytes[usize::from(class)];
        let Part { slice, before, ref states } = self.parts[part as usize / sliced.classes()];
        let slice = usize::from(slice);
        let closure = &mut self.closure;
        closure.begin();
        if self.is_open {
            closure.follow(sliced, sliced.nfa.start_anchored(), (before, Some(byte)));
            // A match may begin anywhere: each slice follows what of it leads into it.
            closure.targets.retain(|state| sliced.slice_of(*state as usize) == slice);
        }
        states.iter().for_each(|state| closure.follow(sliced, id(*state), (before, Some(byte))));
        let is_match = closure.is_match;
        let mut targets = std::mem::take(&mut closure.targets);
        targets.sort_unstable();
        targets.dedup();
        let after = sliced.before(Some(byte));
        let mut next = None;
        let mut to = Vec::new();
        for states in targets.chunk_by(|one, two| sliced.slice_of(*one as usize) == sliced.slice_of(*two as usize)) {
            let into = sliced.slice_of(states[0] as usize);
            let part = self.part(sliced, into, after, states);
            if into == slice {
                next = Some(part);
            } else {
                to.push((small(into), part));
            }
        }
        self.closure.targets = targets;
        let next = next.unwrap_or_else(|| self.part(sliced, slice, after, &[]));
        if to.is_empty() && !is_match {
            return next;
        }
        self.bytes += size_of::<Crossing>() + to.len() * size_of::<(u8, PartId)>();
        self.crossings.push(Crossing { next, is_match, to: to.into() });
        CROSSING + u32::try_from(self.crossings.len() - 1).expect("crossings are forgotten before there are so many")
    }

    /// The part of these states, which are in order.
    fn part(&mut self, sliced: &Sliced, slice: usize, before: Before, states: &[u32]) -> PartId {
        let part = Part { slice: small(slice), before, states: states.into() };
        if let Some(known) = self.known.get(&part) {
            return *known;
        }
        let row = u32::try_from(self.steps.len()).expect("parts are forgotten before there are so many");
        self.steps.resize(self.steps.len() + sliced.classes(), UNKNOWN);
        self.bytes += 2 * (size_of::<Part>() + size_of_val(states)) + size_of::<PartId>();
        self.parts.push(part.clone());
        self.known.insert(part, row);
        row
    }

    /// All states of two parts of a slice.
    fn union(&mut self, sliced: &Sliced, one: PartId, two: PartId) -> PartId {
        if one == two {
            return one;
        }
        if let Some(known) = self.unions.get(&(one, two)) {
            return *known;
        }
        let (first, second) =
            (&self.parts[one as usize / sliced.classes()], &self.parts[two as usize / sliced.classes()]);
        let (slice, before) = (usize::from(first.slice), first.before);
        let mut states = [&*first.states, &*second.states].concat();
        states.sort_unstable();
        states.dedup();
        let union = self.part(sliced, slice, before, &states);
        self.bytes += 3 * size_of::<PartId>();
        self.unions.insert((one, two), union);
        union
    }

    /// Forgets all parts but those at hand.
    fn forget(&mut self, sliced: &Sliced) {
        let kept: Vec<Part> =
            self.now.iter().map(|part| self.parts[*part as usize / sliced.classes()].clone()).collect();
        self.steps.clear();
        self.parts.clear();
        self.known.clear();
        self.crossings.clear();
        self.unions.clear();
        self.bytes = 0;
        for (slice, part) in kept.into_iter().enumerate() {
            self.now[slice] = self.part(sliced, slice, part.before, &part.states);
        }
    }
}

impl Closure {
    fn begin(&mut self) {
        self.targets.clear();
        self.is_match = false;
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.met.fill(0);
            1
        });
    }

    /// Follows what takes no byte from a state, between the byte before and the next; gathers where the next leads.
    fn follow(&mut self, sliced: &Sliced, state: StateID, (before, next): (Before, Option<u8>)) {
        self.stack.push(state);
        while let Some(state) = self.stack.pop() {
            if std::mem::replace(&mut self.met[state.as_usize()], self.round) == self.round {
                continue;
            }
            let target = match (sliced.nfa.state(state), next) {
                (State::ByteRange { trans }, Some(byte)) => trans.matches_byte(byte).then_some(trans.next),
                (State::Sparse(steps), Some(byte)) => steps.matches_byte(byte),
                (State::Dense(steps), Some(byte)) => steps.matches_byte(byte),
                (State::ByteRange { .. } | State::Sparse(_) | State::Dense(_), None) | (State::Fail, _) => None,
                (State::Look { look, next: then }, _) => {
                    let text = [before.byte().unwrap_or_default(), next.unwrap_or_default()];
                    let from = usize::from(before.byte().is_none());
                    let text = &text[from..1 + usize::from(next.is_some())];
                    if sliced.nfa.look_matcher().matches(*look, text, 1 - from) {
                        self.stack.push(*then);
                    }
                    None
                }
                (State::Union { alternates }, _) => {
                    self.stack.extend_from_slice(alternates);
                    None
                }
                (State::BinaryUnion { alt1, alt2 }, _) => {
                    self.stack.extend([*alt1, *alt2]);
                    None
                }
                (State::Capture { next, .. }, _) => {
                    self.stack.push(*next);
                    None
                }
                (State::Match { .. }, _) => {
                    self.is_match = true;
                    None
                }
            };
            self.targets.extend(target.map(|state| state.as_u32()));
        }
    }
}

fn id(state: u32) -> StateID {
    StateID::new(state as usize).expect("it was a state's number")
}

fn small(slice: usize) -> u8 {
    u8::try_from(slice).expect("there are few slices")
}
