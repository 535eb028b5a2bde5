//! The parts of sets that were met, and what bytes make of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::mirror::Edge;
use super::place::Before;
use super::{SLICES_MAX, Sliced};

/// From here on an entry is no part: its step is not known, or it is one of the crossings.
const CROSSING: u16 = 1 << 15;
/// An entry whose step is not known.
const UNKNOWN: u16 = u16::MAX;
/// Parts are forgotten when there are so many, or so many crossings: their numbers are below [`CROSSING`], with room for
/// those that one byte leads to.
const PARTS_MAX: usize = CROSSING as usize - 4 * SLICES_MAX * SLICES_MAX;

/// How many unions are looked for in one place before the table of all is asked.
const RECENT_UNIONS: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 11;

/// How many questions for a state of a part are remembered.
const RECENT_MEMBERS: usize = 1 << RECENT_MEMBERS_BITS;
const RECENT_MEMBERS_BITS: u32 = 8;

/// A part: the number of its row of steps.
pub(super) type PartId = u16;

/// The parts at a place, by slice; those beyond the pattern's slices mean nothing.
pub(super) type Place = [PartId; SLICES_MAX];

/// A part: states of one slice, in order, after a byte of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part {
    slice: u8,
    before: Before,
    states: Box<[u32]>,
}

/// A step that is more than the next part of the same slice. Many bytes in many parts make the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Crossing {
    next: PartId,
    /// Whether a match begins before the byte.
    is_start: bool,
    /// Slices that are led into, and the parts they are led to.
    led: Box<[(u8, PartId)]>,
}

/// What a pattern's slices were led to so far.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Row by row, by class: the next part, or a crossing.
    steps: Vec<u16>,
    /// By row.
    parts: Vec<Part>,
    known: HashMap<Part, PartId, RandomState>,
    crossings: Vec<Crossing>,
    known_crossings: HashMap<Crossing, u16, RandomState>,
    unions: HashMap<(PartId, PartId), PartId, RandomState>,
    /// Unions that were asked for lately: two parts, and both of them.
    recent: Vec<(PartId, PartId, PartId)>,
    /// States that parts were asked for lately, and whether they have them.
    recent_members: Vec<(PartId, u32, bool)>,
    /// What parts and crossings take besides their steps, in bytes.
    bytes: usize,
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
        self.steps.len() * size_of::<u16>() + self.bytes
    }

    /// Where nothing was read yet.
    pub(super) fn begin(&mut self, sliced: &Sliced) -> Place {
        if self.is_full(sliced) {
            self.forget();
        }
        self.recent.resize(RECENT_UNIONS, (UNKNOWN, UNKNOWN, UNKNOWN));
        self.recent_members.resize(RECENT_MEMBERS, (UNKNOWN, 0, false));
        let mut place = [0; SLICES_MAX];
        for (slice, part) in place.iter_mut().enumerate().take(sliced.slices) {
            *part = self.part(sliced, slice, Before::of(None), &[]);
        }
        place
    }

    /// Whether it is time to forget the parts.
    pub(super) fn is_full(&self, sliced: &Sliced) -> bool {
        self.parts.len().max(self.crossings.len()) > PARTS_MAX || self.bytes() > sliced.parts_bytes_max
    }

    /// Forgets all parts: no place means anything any more.
    pub(super) fn forget(&mut self) {
        self.steps.clear();
        self.parts.clear();
        self.known.clear();
        self.crossings.clear();
        self.known_crossings.clear();
        self.unions.clear();
        self.recent.fill((UNKNOWN, UNKNOWN, UNKNOWN));
        self.recent_members.fill((UNKNOWN, 0, false));
        self.bytes = 0;
    }

    /// The states at a place, to go on from them after parts were forgotten.
    pub(super) fn sets(&self, sliced: &Sliced, place: &Place) -> Sets {
        let parts = place.iter().take(sliced.slices).map(|part| self.at(*part));
        parts.map(|part| (part.before, part.states.clone())).collect()
    }

    /// The place with these states.
    pub(super) fn resume(&mut self, sliced: &Sliced, sets: &Sets) -> Place {
        let mut place = [0; SLICES_MAX];
        for (slice, (part, (before, states))) in place.iter_mut().zip(sets).enumerate() {
            *part = self.part(sliced, slice, *before, states);
        }
        place
    }

    fn at(&self, part: PartId) -> &Part {
        &self.parts[usize::from(part)]
    }

    /// Whether a state is among those of a part.
    pub(super) fn has(&mut self, part: PartId, state: u32) -> bool {
        let place = u32::from(part).wrapping_mul(0x9e37_79b1).wrapping_add(state.wrapping_mul(0x85eb_ca6b))
            >> (u32::BITS - RECENT_MEMBERS_BITS);
        let known = self.recent_members[place as usize];
        if (known.0, known.1) == (part, state) {
            return known.2;
        }
        let has = self.at(part).states.binary_search(&state).is_ok();
        self.recent_members[place as usize] = (part, state, has);
        has
    }

    /// Reads a byte, from the place after it to the one before it; whether a match begins at the place after it.
    pub(super) fn read(&mut self, sliced: &Sliced, byte: u8, now: &Place, then: &mut Place) -> bool {
        let class = sliced.classes.class(byte);
        let steps = &*self.steps;
        let mut entries = 0;
        for (now, then) in now.iter().zip(&mut *then).take(sliced.slices) {
            let entry = steps[usize::from(*now) << sliced.row_bits | class];
            *then = entry;
            entries |= entry;
        }
        entries >= CROSSING && self.cross(sliced, class, now, then)
    }

    /// Finishes the steps that are more than the next part; whether a match begins.
    #[inline(never)]
    fn cross(&mut self, sliced: &Sliced, class: usize, now: &Place, then: &mut Place) -> bool {
        let entries = then.iter().take(sliced.slices).enumerate();
        let slices = entries.fold(0, |bits, (at, entry)| bits | u32::from(*entry >= CROSSING) << at);
        let (mut is_start, mut crossed) = (false, 0_u32);
        let mut crossings = [0; SLICES_MAX];
        for slice in ones(slices) {
            let mut entry = then[slice];
            if entry == UNKNOWN {
                entry = self.follow(sliced, now[slice], class);
                self.steps[usize::from(now[slice]) << sliced.row_bits | class] = entry;
            }
            if entry >= CROSSING {
                let crossing = usize::from(entry - CROSSING);
                (crossings[slice], crossed) = (crossing, crossed | 1 << slice);
                entry = self.crossings[crossing].next;
                is_start |= self.crossings[crossing].is_start;
            }
            then[slice] = entry;
        }
        for slice in ones(crossed) {
            for at in 0..self.crossings[crossings[slice]].led.len() {
                let (into, part) = self.crossings[crossings[slice]].led[at];
                let into = &mut then[usize::from(into)];
                *into = self.union(sliced, *into, part);
            }
        }
        is_start
    }

    /// Whether a match begins at a place, which is where the text begins.
    pub(super) fn starts_here(&mut self, sliced: &Sliced, place: &Place) -> bool {
        let Self { closure, parts, .. } = self;
        closure.begin(sliced);
        for part in &place[..sliced.slices] {
            let part = &parts[usize::from(*part)];
            let ends = sliced.mirror.end.iter();
            ends.chain(&part.states).for_each(|state| closure.follow(sliced, *state, (part.before, None)));
        }
        closure.is_start
    }

    /// Where a byte leads from a part: an entry.
    fn follow(&mut self, sliced: &Sliced, part: PartId, class: usize) -> u16 {
        let byte = sliced.classes.byte(class);
        let Part { slice, before, ref states } = self.parts[usize::from(part)];
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
        let mut led = Vec::new();
        for states in targets.chunk_by(|one, two| sliced.slice_of(*one) == sliced.slice_of(*two)) {
            let into = sliced.slice_of(states[0]);
            let part = self.part(sliced, into, after, states);
            if into == slice {
                next = Some(part);
            } else {
                led.push((small(into), part));
            }
        }
        self.closure.targets = targets;
        let next = next.unwrap_or_else(|| self.part(sliced, slice, after, &[]));
        if led.is_empty() && !is_start {
            return next;
        }
        CROSSING + self.crossing(Crossing { next, is_start, led: led.into() })
    }

    fn crossing(&mut self, crossing: Crossing) -> u16 {
        if let Some(known) = self.known_crossings.get(&crossing) {
            return *known;
        }
        let at = number(self.crossings.len());
        self.bytes += 2 * (size_of::<Crossing>() + size_of_val(&*crossing.led)) + size_of::<u16>();
        self.crossings.push(crossing.clone());
        self.known_crossings.insert(crossing, at);
        at
    }

    /// The part of these states, which are in order.
    fn part(&mut self, sliced: &Sliced, slice: usize, before: Before, states: &[u32]) -> PartId {
        let part = Part { slice: small(slice), before, states: states.into() };
        if let Some(known) = self.known.get(&part) {
            return *known;
        }
        let at = number(self.parts.len());
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
        let place = (u32::from(one).wrapping_mul(0x9e37_79b1) ^ u32::from(two).wrapping_mul(0x85eb_ca6b))
            >> (u32::BITS - RECENT_BITS);
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
        let (first, second) = (self.at(one), self.at(two));
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

fn number(index: usize) -> u16 {
    u16::try_from(index).expect("parts are forgotten before there are so many")
}

fn small(slice: usize) -> u8 {
    u8::try_from(slice).expect("there are few slices")
}
