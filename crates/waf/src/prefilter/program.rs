//! Programs: necessary conditions of a match.
//!
//! A program holds of a text if one of its sequences does; a sequence does if its clauses are met one after the other; a
//! clause is met where one of its grams is. A sequence may have no clauses and hold always; a program may have no
//! sequences and hold never.

use std::collections::HashSet;
use std::sync::Arc;

use super::byte_set::ByteSet;
use super::frequency;
use super::gram::Gram;

/// Sequences a program may have: each costs time where its first clause is met.
const SEQUENCES_MAX: usize = 96;
/// Clauses a sequence may have: what is rare is rare after that many.
const CLAUSES_MAX: usize = 3;
/// A clause beside others is not met more often than this: meeting it costs time, too.
const FURTHER_SHARE_MAX: f64 = 0.003;
/// What is met less often needs no further clause.
const RARE: f64 = 1e-5;
/// Grams a clause may have, so that one pattern cannot fill the scanner.
pub(super) const GRAMS_MAX: usize = 4096;

/// One of these grams.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(super) grams: Arc<[Gram]>,
    /// How often it is met at a place of an honest value.
    pub(super) share: f64,
}

impl Clause {
    pub(super) fn new(mut grams: Vec<Gram>) -> Self {
        grams.sort_unstable_by_key(|gram| gram.places.len());
        let mut seen = HashSet::with_capacity_and_hasher(grams.len(), foldhash::fast::RandomState::default());
        let mut first = grams.iter().map(|gram| seen.insert(gram)).collect::<Vec<_>>().into_iter();
        grams.retain(|_| first.next().unwrap_or_default());
        let share = grams.iter().map(Gram::share).sum::<f64>().min(1.0);
        Self { grams: grams.into(), share }
    }

    /// The bytes of which a text must have one, if the clause says no more than that.
    pub(super) fn need(&self) -> Option<ByteSet> {
        match &*self.grams {
            [gram] if !gram.is_telling() => Some(gram.rarest()),
            _ => None,
        }
    }
}

/// Clauses that are met in this order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sequence {
    pub(super) clauses: Vec<Clause>,
}

impl Sequence {
    /// How often it holds, about.
    fn share(&self) -> f64 {
        // A value has some ten places at which each clause may be met.
        self.clauses.iter().map(|clause| (clause.share * 10.0).min(1.0)).product()
    }

    fn then(&self, other: &Self) -> Self {
        let mut clauses = self.clauses.clone();
        clauses.extend(other.clauses.iter().cloned());
        while clauses.len() > CLAUSES_MAX {
            let worst = clauses.iter().enumerate().max_by(|one, two| one.1.share.total_cmp(&two.1.share));
            let (worst, _) = worst.expect("there are clauses");
            clauses.remove(worst);
        }
        Self { clauses }
    }
}

/// One of these sequences.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    pub(super) sequences: Vec<Sequence>,
}

impl Program {
    /// One of these grams. Those that say no more than that a byte is there make a sequence of their own.
    pub(crate) fn clause(grams: Vec<Gram>) -> Self {
        let (telling, single): (Vec<_>, Vec<_>) = grams.into_iter().partition(Gram::is_telling);
        let mut sequences = Vec::new();
        if !telling.is_empty() {
            sequences.push(Sequence { clauses: vec![Clause::new(telling)] });
        }
        if !single.is_empty() {
            let bytes = single.iter().fold(ByteSet::EMPTY, |all, gram| all.union(&gram.rarest()));
            sequences
                .push(Sequence { clauses: vec![Clause::new(vec![Gram::new(&[bytes], ByteSet::ANY, ByteSet::ANY)])] });
        }
        if sequences.iter().any(|sequence| sequence.clauses[0].grams.len() > GRAMS_MAX) {
            return Self::always();
        }
        Self { sequences }
    }

    /// Holds of every text.
    pub(super) fn always() -> Self {
        Self { sequences: vec![Sequence::default()] }
    }

    /// Whether it holds of no text.
    pub(super) fn is_never(&self) -> bool {
        self.sequences.is_empty()
    }

    /// Whether it holds of every text.
    pub(crate) fn is_always(&self) -> bool {
        self.sequences.iter().any(|sequence| sequence.clauses.is_empty())
    }

    /// How often it holds of an honest value, about.
    pub(super) fn share(&self) -> f64 {
        self.sequences.iter().map(Sequence::share).sum::<f64>().min(1.0)
    }

    /// Whether it asks for no more than single bytes, which costs nothing.
    fn is_need(&self) -> bool {
        matches!(&*self.sequences, [one] if one.clauses.iter().all(|clause| clause.need().is_some()))
    }

    /// Bytes of which a text must have one, the rarest there are; any if there are none.
    pub(super) fn need(&self) -> ByteSet {
        let rarest = |clause: &Clause| clause.grams.iter().fold(ByteSet::EMPTY, |all, gram| all.union(&gram.rarest()));
        self.sequences.iter().fold(ByteSet::EMPTY, |all, sequence| {
            let sets = sequence.clauses.iter().map(rarest);
            let best = sets.min_by(|one, two| frequency::share(one).total_cmp(&frequency::share(two)));
            all.union(&best.unwrap_or(ByteSet::ANY))
        })
    }

    /// What it costs for an honest value, about: a run of the pattern where it holds, a look where a clause is met.
    pub(super) fn cost(&self) -> f64 {
        self.share() + self.clause_share()
    }

    /// How often any of its clauses is met at a place, about.
    fn clause_share(&self) -> f64 {
        let clauses = self.sequences.iter().flat_map(|sequence| &sequence.clauses);
        clauses.filter(|clause| clause.need().is_none()).map(|clause| clause.share).sum()
    }

    /// Either of the two.
    pub(super) fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// Any of these.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self { sequences: parts.into_iter().flat_map(|part| part.sequences).collect() };
        all.simplify();
        all
    }

    fn simplify(&mut self) {
        self.merge_single();
        if self.sequences.len() > SEQUENCES_MAX {
            for sequence in &mut self.sequences {
                let best = sequence.clauses.iter().min_by(|one, two| one.share.total_cmp(&two.share)).cloned();
                sequence.clauses = best.into_iter().collect();
            }
            self.merge_single();
        }
    }

    /// Joins all sequences of one clause into one.
    fn merge_single(&mut self) {
        if self.is_always() {
            *self = Self::always();
            return;
        }
        let (single, mut rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sequences).into_iter().partition(|sequence| sequence.clauses.len() == 1);
        if single.len() > 1 {
            let grams = single.iter().flat_map(|sequence| sequence.clauses[0].grams.iter().cloned()).collect();
            rest.extend(Self::clause(grams).sequences);
        } else {
            rest.extend(single);
        }
        self.sequences = rest;
    }

    /// All of these, one after the other: as many of them as are worth it.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        if parts.iter().any(|part| part.sequences.is_empty()) {
            return Self::default();
        }
        let mut order: Vec<usize> = (0..parts.len()).filter(|at| !parts[*at].is_always()).collect();
        order.sort_by(|one, two| parts[*one].share().total_cmp(&parts[*two].share()));
        let mut chosen: Vec<usize> = Vec::new();
        let mut sequences = 1;
        let mut share = 1.0;
        for at in order {
            let next = sequences * parts[at].sequences.len();
            let is_worth = parts[at].is_need() || share > RARE && parts[at].clause_share() <= FURTHER_SHARE_MAX;
            if chosen.is_empty() || chosen.len() < CLAUSES_MAX && next <= SEQUENCES_MAX && is_worth {
                chosen.push(at);
                sequences = next;
                share *= parts[at].share();
            }
        }
        chosen.sort_unstable();
        chosen.into_iter().fold(Self::always(), |all, at| {
            let part = &parts[at];
            let joined = all.sequences.iter().flat_map(|one| part.sequences.iter().map(|two| one.then(two)));
            Self { sequences: joined.collect() }
        })
    }
}
