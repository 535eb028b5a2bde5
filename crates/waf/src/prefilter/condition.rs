//! The best necessary condition of a pattern: which program, asked through which lens.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::byte_set::ByteSet;
use super::extract;
use super::frequency;
use super::lens::Lens;
use super::program::Program;

/// A program that costs less than this needs no lens.
const RARE: f64 = 0.0005;
/// A program that costs less than this is not worth a text of its own.
const ERASED_WORTH: f64 = 0.01;
/// How many times less a program must cost through a lens to be worth it.
const GAIN: f64 = 2.0;
/// A class that may be left out must stand so often in a pattern for the text to be seen without it.
const SEPARATORS_MIN: usize = 4;
/// What costs more than this where a byte is not absent after all is not worth asking.
const OFTEN: f64 = 0.02;
/// Bytes tried as absent.
const ABSENT_TRIED_MAX: usize = 2;

/// What a text must fulfil for a pattern to match it.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// How the text is seen.
    pub(crate) lens: Lens,
    /// Holds of texts, seen so, that the pattern matches and that have none of the lens's absent bytes.
    pub(crate) program: Program,
    /// The same for texts that have one of them.
    pub(crate) otherwise: Option<Program>,
    /// Bytes of which the text itself must have one; any if there are no such.
    pub(crate) need: ByteSet,
    /// Fewer bytes do not match.
    pub(crate) bytes_min: usize,
}

impl Condition {
    /// A condition on the text as it is.
    pub(crate) fn plain(program: Program, bytes_min: usize) -> Self {
        let need = program.need();
        Self { lens: Lens::default(), program, otherwise: None, need, bytes_min }
    }

    /// The best known condition of a pattern. `lowered`: it sees the text in lower case. `erasable`: the sets of bytes that
    /// texts may be seen without.
    pub(crate) fn of(hir: &Hir, lowered: bool, erasable: &[ByteSet]) -> Self {
        let plain = Lens { lowered, ..Lens::default() };
        let mut best = Self::plain(extract::program(hir, &plain), hir.properties().minimum_len().unwrap_or(0));
        best.lens = plain;
        let cost = best.program.cost();
        if cost <= RARE {
            return best;
        }
        let mut found = Found::default();
        found.look_at(hir);
        let separated = |erased: &&ByteSet| {
            found.separators.iter().any(|(set, times)| *times >= SEPARATORS_MIN && set.is_subset(erased))
        };
        let worth = if cost > ERASED_WORTH { erasable } else { &[] };
        let erased = worth.iter().filter(separated).copied();
        let mut tried = Tried { hir, cost };
        for erased in std::iter::once(ByteSet::EMPTY).chain(erased) {
            if tried.cost <= RARE {
                break;
            }
            let lens = Lens { erased, ..plain };
            let whole = if lens == plain { best.program.clone() } else { extract::program(hir, &lens) };
            for absent in found.absent().filter(|absent| lens != plain || !absent.is_empty()) {
                if tried.cost > RARE {
                    best.try_lens(&mut tried, Lens { absent, ..lens }, &whole);
                }
            }
        }
        best
    }

    /// Looks at the pattern through another lens; `whole`: what is seen if nothing is absent.
    fn try_lens(&mut self, tried: &mut Tried<'_>, lens: Lens, whole: &Program) {
        let program = if lens.absent.is_empty() { whole.clone() } else { extract::program(tried.hir, &lens) };
        let cheaper = program.cost();
        if cheaper * GAIN > tried.cost {
            return;
        }
        tried.cost = cheaper;
        self.program = program;
        self.otherwise =
            (!lens.absent.is_empty()).then(|| if whole.cost() > OFTEN { Program::always() } else { whole.clone() });
        self.lens = lens;
    }
}

/// A pattern for which lenses are tried, and what the best of them costs.
struct Tried<'h> {
    hir: &'h Hir,
    cost: f64,
}

/// The sets of bytes worth leaving out of texts for any of these patterns: one of a few bytes, one of many.
pub(crate) fn erasable<'h>(patterns: impl Iterator<Item = &'h Hir>) -> Vec<ByteSet> {
    const FEW: u32 = 8;
    const TOGETHER_MAX: u32 = 16;
    let mut few = ByteSet::EMPTY;
    let mut many: Vec<(ByteSet, usize)> = Vec::new();
    for hir in patterns {
        let mut found = Found::default();
        found.look_at(hir);
        for (set, times) in found.separators {
            if times < SEPARATORS_MIN || !set.is_subset(&not_word()) || set.contains(b' ') && set.len() <= FEW {
                continue;
            }
            if set.len() <= FEW {
                let together = few.union(&set);
                few = if together.len() <= TOGETHER_MAX { together } else { few };
            } else {
                match many.iter_mut().find(|(known, _)| *known == set) {
                    Some((_, count)) => *count += 1,
                    None => many.push((set, 1)),
                }
            }
        }
    }
    let most = many.into_iter().max_by_key(|(_, count)| *count).map(|(set, _)| set);
    (!few.is_empty()).then_some(few).into_iter().chain(most).collect()
}

fn not_word() -> ByteSet {
    let mut set = ByteSet::EMPTY;
    (0..=u8::MAX).filter(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').for_each(|byte| set.insert(byte));
    set
}

/// What of a pattern a lens may act on.
#[derive(Default)]
struct Found {
    /// Classes that may be repeated any number of times, and how often they stand there.
    separators: Vec<(ByteSet, usize)>,
    /// Punctuation within what may be left out, and how often it stands there.
    optional: Vec<(u8, usize)>,
}

impl Found {
    fn look_at(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Repetition(Repetition { min, max, sub, .. }) => {
                match sub.kind() {
                    HirKind::Class(Class::Bytes(class)) if (*min, *max) == (0, None) => {
                        let ranges = class.ranges().iter().map(|range| ByteSet::range(range.start(), range.end()));
                        count(&mut self.separators, ranges.fold(ByteSet::EMPTY, |all, range| all.union(&range)));
                    }
                    _ if *min == 0 => self.count_optional(sub),
                    _ => {}
                }
                self.look_at(sub);
            }
            HirKind::Capture(capture) => self.look_at(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.look_at(part)),
            HirKind::Alternation(parts) => {
                for part in parts {
                    self.count_optional(part);
                    self.look_at(part);
                }
            }
            _ => {}
        }
    }

    /// Counts what something that may be left out cannot do without.
    fn count_optional(&mut self, hir: &Hir) {
        let parts = match hir.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            HirKind::Capture(capture) => return self.count_optional(&capture.sub),
            _ => std::slice::from_ref(hir),
        };
        let mut bytes = ByteSet::EMPTY;
        for part in parts {
            if let HirKind::Literal(literal) = part.kind() {
                bytes = bytes.union(&ByteSet::of(&literal.0));
            }
        }
        bytes.bytes().filter(u8::is_ascii_punctuation).for_each(|byte| count(&mut self.optional, byte));
    }

    /// What texts may be taken not to have: nothing, or one of the most frequent of what may be left out.
    fn absent(&self) -> impl Iterator<Item = ByteSet> {
        let mut optional = self.optional.clone();
        optional.retain(|(byte, times)| *times >= SEPARATORS_MIN && frequency::share(&ByteSet::of(&[*byte])) < 0.01);
        optional.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        let bytes = optional.into_iter().take(ABSENT_TRIED_MAX).map(|(byte, _)| ByteSet::of(&[byte]));
        std::iter::once(ByteSet::EMPTY).chain(bytes)
    }
}

fn count<T: PartialEq>(all: &mut Vec<(T, usize)>, one: T) {
    match all.iter_mut().find(|(known, _)| *known == one) {
        Some((_, times)) => *times += 1,
        None => all.push((one, 1)),
    }
}
