//! The parts of sets that were met, and what bytes make of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::mirror::Edge;
use super::place::Before;
use super::{SLICES_MAX, Sliced};

/// From here on an entry is no part: its step is not known, or it is one of the crossings.
const CROSSING: u32 = 1 << 31;
/// An entry whose step is not known.
const UNKNOWN: u32 = u32::MAX;
/// Parts are forgotten when there are so many: their numbers fit 16 bits, with room for those that one byte leads to.
const PARTS_MAX: usize = u16::MAX as usize - 4 * SLICES_MAX * SLICES_MAX;

/// How many unions are looked for in one place before the table of all is asked.
const RECENT_UNIONS: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 11;

/// A part: where its row of steps begins, a multiple of the length of rows.
pub(super) type PartId = u32;

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
    /// Whether a match begins before the byte.
    is_start: bool,
    /// Within [`Parts::led`]: slices that are led into.
    led: (u32, u32),
}

/// What a pattern's slices were led to so far, and where they are in a search.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Row by row, by class: the next part, or a crossing.
    steps: Vec<u32>,
    /// By row.
    parts: Vec<Part>,
    known: HashMap<Part, PartId, RandomState>,
    crossings: Vec<Crossing>,
    /// Slices that are led into, and the parts they are led to.
    led: Vec<(u8, PartId)>,
    unions: HashMap<(PartId, PartId), PartId, RandomState>,
    /// Unions that were asked for lately: two parts, and both of them.
    recent: Vec<(PartId, PartId, PartId)>,
    /// What parts and crossings take besides their steps, in bytes.
    bytes: usize,
    /// By slice: where it is, and where it was before that, in turn.
    now: [[PartId; SLICES_MAX]; 2],
    /// Which of the two is where it is.
    turn: usize,
    closure: Closure,
}

/// The sets of a place: by slice, the states of its part.
pub(super) type Sets = Vec<(Before, Box<[u32]>)>;

/// Memory for following what reads no byte.
#[derive(Debug, Default)]
struct Closure {
    /// By state: in which round it was met last.
    met: Vec<u32>,
    round: u32,
    stack: Vec<u32>,
    /// States that a byte leads to.
    targets: Vec<u32>,
    is_start: bool,
}

impl Parts {
    /// The memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.steps.len() * size_of::<u32>() + self.bytes
    }

    /// Nothing read yet.
    pub(super) fn begin(&mut self, sliced: &Sliced) {
        if self.is_full(sliced) {
            self.forget();
        }
        self.recent.resize(RECENT_UNIONS, (UNKNOWN, UNKNOWN, UNKNOWN));
        for slice in 0..sliced.slices {
            self.now[self.turn][slice] = self.part(sliced, slice, Before::of(None), &[]);
        }
    }

    /// Whether it is time to forget the parts.
    pub(super) fn is_full(&self, sliced: &Sliced) -> bool {
        self.parts.len() > PARTS_MAX || self.bytes() > sliced.parts_bytes_max
    }

    /// Forgets all parts, those at hand too.
    pub(super) fn forget(&mut self) {
        self.steps.clear();
        self.parts.clear();
        self.known.clear();
        self.crossings.clear();
        self.led.clear();
        self.unions.clear();
        self.recent.fill((UNKNOWN, UNKNOWN, UNKNOWN));
        self.bytes = 0;
    }

    /// The parts at hand.
    pub(super) fn now(&self, sliced: &Sliced) -> &[PartId] {
        &self.now[self.turn][..sliced.slices]
    }

    /// The states at hand, to go on from them after parts were forgotten.
    pub(super) fn sets(&self, sliced: &Sliced) -> Sets {
        let parts = self.now(sliced).iter().map(|part| self.at(sliced, *part));
        parts.map(|part| (part.before, part.states.clone())).collect()
    }

    /// Goes on from these states.
    pub(super) fn resume(&mut self, sliced: &Sliced, sets: &Sets) {
        for (slice, (before, states)) in sets.iter().enumerate() {
            self.now[self.turn][slice] = self.part(sliced, slice, *before, states);
        }
    }

    fn at(&self, sliced: &Sliced, part: PartId) -> &Part {
        &self.parts[(part >> sliced.row_bits) as usize]
    }

    /// Whether a state is among those of the part of a row.
    pub(super) fn has(&self, row: u16, state: u32) -> bool {
        self.parts[usize::from(row)].states.binary_search(&state).is_ok()
    }

    /// Reads a byte; whether a match begins at the place after it, before which it is read.
    pub(super) fn read(&mut self, sliced: &Sliced, byte: u8) -> bool {
        let class = u32::from(sliced.class_of[usize::from(byte)]);
        let [one, two] = &mut self.now;
        let (now, then) = if self.turn == 0 { (one, two) } else { (two, one) };
        let mut entries = 0;
        for (now, then) in now.iter().zip(then).take(sliced.slices) {
            *then = self.steps[(*now | class) as usize];
            entries |= *then;
        }
        let is_start = entries >= CROSSING && self.cross(sliced, class);
        self.turn ^= 1;
        is_start
    }

    /// Finishes the steps that are more than the next part; whether a match begins.
    fn cross(&mut self, sliced: &Sliced, class: u32) -> bool {
        let (now, then) = (self.turn, self.turn ^ 1);
        let entries = self.now[then].iter().take(sliced.slices).enumerate();
        let slices = entries.fold(0, |bits, (at, entry)| bits | u32::from(*entry >= CROSSING) << at);
        let mut is_start = false;
        let mut led = [(0, 0); SLICES_MAX];
        for slice in ones(slices) {
            let mut entry = self.now[then][slice];
            if entry == UNKNOWN {
                let part = self.now[now][slice];
                entry = self.follow(sliced, part, class);
                self.steps[(part | class) as usize] = entry;
            }
            if entry >= CROSSING {
                let crossing = &self.crossings[(entry - CROSSING) as usize];
                entry = crossing.next;
                is_start |= crossing.is_start;
                led[slice] = crossing.led;
            }
            self.now[then][slice] = entry;
        }
        for slice in ones(slices) {
            for at in led[slice].0..led[slice].1 {
                let (into, part) = self.led[at as usize];
                let into = usize::from(into);
                self.now[then][into] = self.union(sliced, self.now[then][into], part);
            }
        }
        is_start
    }

    /// Whether a match begins at the place at hand, where the text begins.
    pub(super) fn starts_here(&mut self, sliced: &Sliced) -> bool {
        let Self { closure, parts, now, turn, .. } = self;
        closure.begin(sliced);
        for part in &now[*turn][..sliced.slices] {
            let part = &parts[(*part >> sliced.row_bits) as usize];
            let ends = sliced.mirror.end.iter();
            ends.chain(&part.states).for_each(|state| closure.follow(sliced, *state, (part.before, None)));
        }
        closure.is_start
    }

    /// Where a byte leads from a part: an entry.
    fn follow(&mut self, sliced: &Sliced, part: PartId, class: u32) -> u32 {
        let byte = sliced.bytes[class as usize];
        let Part { slice, before, ref states } = self.parts[(part >> sliced.row_bits) as usize];
        let slice = usize::from(slice);
        let closure = &mut self.closure;
        closure.begin(sliced);
        if let Some(end) = sliced.mirror.end {
            closure.follow(sliced, end, (before, Some(byte)));
        }
        // A match may end anywhere: each slice follows what of it leads into it.
        closure.targets.retain(|state| sliced.slice_of(*state) == slice);
        states.iter().for_each(|state| closure.follow(sliced, *state, (before, Some(byte))));
        let is_start = closure.is_start;
        let mut targets = std::mem::take(&mut closure.targets);
        targets.sort_unstable();
        targets.dedup();
        let after = sliced.before(byte);
        let mut next = None;
        let first = self.led.len();
        for states in targets.chunk_by(|one, two| sliced.slice_of(*one) == sliced.slice_of(*two)) {
            let into = sliced.slice_of(states[0]);
            let part = self.part(sliced, into, after, states);
            if into == slice {
                next = Some(part);
            } else {
                self.led.push((small(into), part));
            }
        }
        self.closure.targets = targets;
        let next = next.unwrap_or_else(|| self.part(sliced, slice, after, &[]));
        if self.led.len() == first && !is_start {
            return next;
        }
        let led = (number(first), number(self.led.len()));
        self.bytes += size_of::<Crossing>() + (self.led.len() - first) * size_of::<(u8, PartId)>();
        self.crossings.push(Crossing { next, is_start, led });
        CROSSING + number(self.crossings.len() - 1)
    }

    /// The part of these states, which are in order.
    fn part(&mut self, sliced: &Sliced, slice: usize, before: Before, states: &[u32]) -> PartId {
        let part = Part { slice: small(slice), before, states: states.into() };
        if let Some(known) = self.known.get(&part) {
            return *known;
        }
        let at = number(self.steps.len());
        self.steps.resize(self.steps.len() + (1 << sliced.row_bits), UNKNOWN);
        self.bytes += 2 * (size_of::<Part>() + size_of_val(states)) + size_of::<PartId>();
        self.parts.push(part.clone());
        self.known.insert(part, at);
        at
    }

    /// All states of two parts of a slice.
    fn union(&mut self, sliced: &Sliced, one: PartId, two: PartId) -> PartId {
        if one == two {
            return one;
        }
        let place = (one.wrapping_mul(0x9e37_79b1) ^ two.wrapping_mul(0x85eb_ca6b)) >> (u32::BITS - RECENT_BITS);
        let recent = &mut self.recent[place as usize];
        if (recent.0, recent.1) == (one, two) {
            return recent.2;
        }
        let union = match self.unions.get(&(one, two)) {
            Some(known) => *known,
            None => self.unite(sliced, one, two),
        };
        self.recent[place as usize] = (one, two, union);
        union
    }

    fn unite(&mut self, sliced: &Sliced, one: PartId, two: PartId) -> PartId {
        let (first, second) = (self.at(sliced, one), self.at(sliced, two));
        let (slice, before) = (usize::from(first.slice), first.before);
        let mut states = [&*first.states, &*second.states].concat();
        states.sort_unstable();
        states.dedup();
        let union = self.part(sliced, slice, before, &states);
        self.bytes += 3 * size_of::<PartId>();
        self.unions.insert((one, two), union);
        union
    }
}

impl Closure {
    fn begin(&mut self, sliced: &Sliced) {
        self.met.resize(sliced.nfa.states().len(), 0);
        self.targets.clear();
        self.is_start = false;
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.met.fill(0);
            1
        });
    }

    /// Follows what reads no byte from a state, between the byte read before and the next; gathers where the next leads.
    fn follow(&mut self, sliced: &Sliced, state: u32, (before, next): (Before, Option<u8>)) {
        self.stack.push(state);
        while let Some(state) = self.stack.pop() {
            if std::mem::replace(&mut self.met[state as usize], self.round) == self.round {
                continue;
            }
            self.is_start |= state == sliced.mirror.start;
            for edge in sliced.mirror.edges(state) {
                match *edge {
                    Edge::Bytes { first, last, to } => {
                        if next.is_some_and(|byte| (first..=last).contains(&byte)) {
                            self.targets.push(to);
                        }
                    }
                    Edge::Look { look, to } => {
                        if before.holds(sliced.nfa.look_matcher(), look, next) {
                            self.stack.push(to);
                        }
                    }
                    Edge::Free { to } => self.stack.push(to),
                }
            }
        }
    }
}

/// The numbers of the bits that are set.
fn ones(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let one = bits.trailing_zeros() as usize;
        bits &= bits.checked_sub(1)?;
        Some(one)
    })
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("parts are forgotten before there are so many")
}

fn small(slice: usize) -> u8 {
    u8::try_from(slice).expect("there are few slices")
}
