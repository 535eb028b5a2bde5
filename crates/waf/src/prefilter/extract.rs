//! From a parsed pattern to a program: what every match must have, read off the pattern's structure.
//!
//! Neighbouring parts whose matches can be written out are joined into grams; where that ends (a class repeated without
//! bound, too many combinations) a clause is made of what was joined, with what can stand on either side as context.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::byte_set::ByteSet;
use super::gram::Gram;
use super::lens::Lens;
use super::program::{GRAMS_MAX, Program};

/// Texts written out where two parts are joined.
const JOINED_MAX: usize = 400;
/// Places that are written out of a part that goes on.
const WRITTEN_MAX: usize = 32;
/// Times a repetition is written out.
const REPEATED_MAX: u32 = 6;

/// One thing of a text that is written out.
#[derive(Debug, Clone)]
enum Item {
    Place(ByteSet),
    Look(Look),
}

/// A text written out: a place, or a condition between two.
type Text = Vec<Item>;

/// What may stand first, or last, in matches of a part.
#[derive(Debug, Clone, Copy)]
struct End {
    set: ByteSet,
    /// Whether a match may be empty.
    nullable: bool,
}

impl End {
    const NOTHING: Self = Self { set: ByteSet::EMPTY, nullable: true };

    fn of(set: ByteSet) -> Self {
        Self { set, nullable: false }
    }

    fn or(self, other: Self) -> Self {
        Self { set: self.set.union(&other.set), nullable: self.nullable || other.nullable }
    }

    fn then(self, next: Self) -> Self {
        if self.nullable { Self { set: self.set.union(&next.set), nullable: next.nullable } } else { self }
    }

    /// What is known of the place beyond a part: nothing if a match may be empty.
    fn context(self) -> ByteSet {
        if self.nullable { ByteSet::ANY } else { self.set }
    }
}

/// What is known of a part's matches.
struct Part {
    /// All of them, if they can be written out; none at all if the list is empty.
    exact: Option<Vec<Text>>,
    /// Some of them, written out, if the part is an alternation.
    written: Vec<Text>,
    /// What each of the others must have.
    program: Program,
    first: End,
    last: End,
    /// If the part repeats one class: the class, and how often at least.
    class: Option<(ByteSet, u32)>,
}

impl Part {
    fn exactly(texts: Vec<Text>) -> Self {
        let places = |text: &Text| {
            let mut places = text.iter().filter_map(|item| match item {
                Item::Place(set) => Some(*set),
                Item::Look(_) => None,
            });
            let first = places.next();
            (first, places.next_back().or(first))
        };
        let end = |set: Option<ByteSet>| set.map_or(End::NOTHING, End::of);
        let mut first = End::of(ByteSet::EMPTY);
        let mut last = first;
        for text in &texts {
            let (head, tail) = places(text);
            first = first.or(end(head));
            last = last.or(end(tail));
        }
        Self { exact: Some(texts), written: Vec::new(), program: Program::always(), first, last, class: None }
    }

    fn nothing() -> Self {
        Self::exactly(vec![Vec::new()])
    }

    fn unknown(first: End, last: End) -> Self {
        Self { exact: None, written: Vec::new(), program: Program::always(), first, last, class: None }
    }

    /// What each match must have, as a program.
    fn into_program(self) -> Program {
        match self.exact {
            Some(texts) => clause(&texts, ByteSet::ANY, ByteSet::ANY),
            None if self.written.is_empty() => self.program,
            None => self.program.or(clause(&self.written, ByteSet::ANY, ByteSet::ANY)),
        }
    }
}

/// What every match of `hir` must have, seen through `lens`.
pub(crate) fn program(hir: &Hir, lens: &Lens) -> Program {
    walk(hir, lens).into_program()
}

fn walk(hir: &Hir, lens: &Lens) -> Part {
    match hir.kind() {
        HirKind::Empty => Part::nothing(),
        HirKind::Look(look) => look_part(*look, lens),
        HirKind::Literal(literal) => {
            concat(literal.0.iter().map(|byte| class_part(ByteSet::of(&[*byte]), lens)).collect())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter().map(|range| ByteSet::range(range.start(), range.end()));
            class_part(ranges.fold(ByteSet::EMPTY, |all, range| all.union(&range)), lens)
        }
        HirKind::Class(Class::Unicode(class)) => unicode_class(class, lens),
        HirKind::Capture(capture) => walk(&capture.sub, lens),
        HirKind::Repetition(repetition) => repeat(repetition, lens),
        HirKind::Concat(parts) => concat(parts.iter().map(|part| walk(part, lens)).collect()),
        HirKind::Alternation(parts) => alternation(parts.iter().map(|part| walk(part, lens)).collect()),
    }
}

/// A condition between two places, as far as it can be asked through the lens.
fn look_item(look: Look, lens: &Lens) -> Option<Item> {
    let is_known = match look {
        Look::Start | Look::End => true,
        Look::StartLF | Look::EndLF => !lens.erased.contains(b'\n') && !lens.absent.contains(b'\n'),
        Look::WordAscii | Look::WordAsciiNegate => lens.keeps_neighbours(),
        _ => false,
    };
    is_known.then_some(Item::Look(look))
}

fn look_part(look: Look, lens: &Lens) -> Part {
    let item = look_item(look, lens);
    let mut part = Part::exactly(vec![item.iter().cloned().collect()]);
    // A match that goes on here begins, or ends, beside the edge.
    let (mut before, mut after) = (ByteSet::ANY, ByteSet::ANY);
    if item.is_some() && !matches!(look, Look::WordAscii | Look::WordAsciiNegate) {
        narrow(look, &mut before, &mut after);
        part.last = if before == ByteSet::ANY { part.last } else { End::of(before) };
        part.first = if after == ByteSet::ANY { part.first } else { End::of(after) };
    }
    part
}

fn class_part(class: ByteSet, lens: &Lens) -> Part {
    let seen = lens.class(class);
    let mut texts = Vec::new();
    if !seen.bytes.is_empty() {
        texts.push(vec![Item::Place(seen.bytes)]);
    }
    if seen.nothing {
        texts.push(Vec::new());
    }
    let mut part = Part::exactly(texts);
    part.class = (!seen.nothing && !seen.bytes.is_empty()).then_some((seen.bytes, 1));
    part
}

/// A class of characters: ASCII alone is a class of bytes, others are not looked into.
fn unicode_class(class: &regex_syntax::hir::ClassUnicode, lens: &Lens) -> Part {
    if !class.is_ascii() {
        let any =
            if lens.erased.is_empty() { End::of(ByteSet::ANY) } else { End { set: ByteSet::ANY, nullable: true } };
        return Part::unknown(any, any);
    }
    let byte = |character: char| u8::try_from(character).expect("the class is ASCII");
    let ranges = class.ranges().iter().map(|range| ByteSet::range(byte(range.start()), byte(range.end())));
    class_part(ranges.fold(ByteSet::EMPTY, |all, range| all.union(&range)), lens)
}

fn repeat(repetition: &Repetition, lens: &Lens) -> Part {
    let (least, most) = (repetition.min, repetition.max);
    if most == Some(0) {
        return Part::nothing();
    }
    let mut part = walk(&repetition.sub, lens);
    if part.exact.as_ref().is_some_and(|texts| texts.iter().all(Vec::is_empty)) {
        // Nothing, however often; or no match at all.
        return if least == 0 { Part::nothing() } else { part };
    }
    if (least, most) == (1, Some(1)) {
        return part;
    }
    if least == 0 {
        return optional(part, most == Some(1));
    }
    if let (Some(texts), true) = (&part.exact, most == Some(least) && least <= REPEATED_MAX) {
        let copies = (0..least).map(|_| Part::exactly(texts.clone())).collect();
        return concat(copies);
    }
    if let Some((class, 1)) = part.class {
        part.class = Some((class, least));
    } else {
        part.class = None;
    }
    let written = std::mem::take(&mut part.written);
    if !written.is_empty() {
        part.program = part.program.or(clause(&written, ByteSet::ANY, ByteSet::ANY));
    }
    if let Some(texts) = part.exact.take() {
        part.program = match part.class {
            Some((class, least)) => {
                clause(&[vec![Item::Place(class); least.min(REPEATED_MAX) as usize]], ByteSet::ANY, ByteSet::ANY)
            }
            None => clause(&texts, ByteSet::ANY, ByteSet::ANY),
        };
    }
    part
}

/// The part or nothing; or the part any number of times.
fn optional(part: Part, once: bool) -> Part {
    let first = part.first.or(End::NOTHING);
    let last = part.last.or(End::NOTHING);
    match part.exact {
        Some(mut texts) if once => {
            if !texts.iter().any(Vec::is_empty) {
                texts.push(Vec::new());
            }
            Part { first, last, ..Part::exactly(texts) }
        }
        _ => Part::unknown(first, last),
    }
}

fn alternation(parts: Vec<Part>) -> Part {
    let first = parts.iter().fold(End::of(ByteSet::EMPTY), |all, part| all.or(part.first));
    let last = parts.iter().fold(End::of(ByteSet::EMPTY), |all, part| all.or(part.last));
    let texts: usize = parts.iter().filter_map(|part| part.exact.as_ref()).map(Vec::len).sum();
    if texts <= GRAMS_MAX && parts.iter().all(|part| part.exact.is_some()) {
        let texts = parts.into_iter().filter_map(|part| part.exact).flatten().collect();
        return Part { first, last, ..Part::exactly(texts) };
    }
    let mut written = Vec::new();
    let mut programs = Vec::new();
    for part in parts {
        match part.exact {
            Some(texts) => written.extend(texts),
            None => {
                written.extend(part.written);
                programs.push(part.program);
            }
        }
    }
    Part { exact: None, written, program: Program::any(programs), first, last, class: None }
}

/// Joins parts that can be written out; where that ends, a clause is made.
fn concat(parts: Vec<Part>) -> Part {
    let (firsts, last) = (firsts_of(&parts), last_of(&parts));
    let first = firsts[0];
    let mut chain = Chain::default();
    let mut forked = None;
    for (at, part) in parts.iter().enumerate() {
        if part.exact.is_none() && !part.written.is_empty() && forked.is_none() && !part.program.is_always() {
            // What can be written out goes its own way, so that what follows it knows what stands before.
            let written = Part::exactly(part.written.clone());
            let mut other = chain.clone();
            other.push(&written, firsts[at + 1]);
            for next in at + 1..parts.len() {
                other.push(&parts[next], firsts[next + 1]);
            }
            forked = Some(other.into_program());
            let rest = Part { written: Vec::new(), program: part.program.clone(), ..*part_ends(part) };
            chain.push(&rest, firsts[at + 1]);
            continue;
        }
        chain.push(part, firsts[at + 1]);
    }
    if chain.is_whole && forked.is_none() {
        return Part { first, last, ..Part::exactly(chain.run) };
    }
    let program = chain.into_program();
    let program = match forked {
        Some(other) => program.or(other),
        None => program,
    };
    if program.is_never() {
        return Part::exactly(Vec::new());
    }
    Part { first, last, program, ..Part::unknown(first, last) }
}

/// A part of which nothing but its ends is known.
fn part_ends(part: &Part) -> Box<Part> {
    Box::new(Part::unknown(part.first, part.last))
}

/// Parts joined so far.
#[derive(Clone)]
struct Chain {
    elements: Vec<Program>,
    /// What can be written out at the end.
    run: Vec<Text>,
    /// What stands before the run.
    left: ByteSet,
    /// What stands last.
    last: End,
    /// Whether the run is all there is.
    is_whole: bool,
}

impl Default for Chain {
    fn default() -> Self {
        Self { elements: Vec::new(), run: vec![Vec::new()], left: ByteSet::ANY, last: End::NOTHING, is_whole: true }
    }
}

impl Chain {
    /// Appends a part; `after` is what follows it.
    fn push(&mut self, part: &Part, after: End) {
        let before = self.last;
        self.last = part.last.then(before);
        let right = part.first.then(after).context();
        if let Some(texts) = &part.exact {
            if join(&mut self.run, texts) {
                return;
            }
            self.end_run(right);
            self.run.clone_from(texts);
            self.left = before.context();
            return;
        }
        if let Some((class, least)) = part.class {
            // The first of them end what came before, the last of them begins what comes after.
            let head = vec![vec![Item::Place(class); least.min(REPEATED_MAX) as usize]];
            let is_joined = join(&mut self.run, &head);
            self.end_run(if is_joined { ByteSet::ANY } else { class });
            self.run = vec![vec![Item::Place(class)]];
            self.left = ByteSet::ANY;
            return;
        }
        let mut element = part.program.clone();
        if !part.written.is_empty() {
            element = element.or(clause(&part.written, before.context(), after.context()));
        }
        self.end_run(right);
        self.elements.push(element);
        self.left = self.last.context();
    }

    /// Makes a clause of the run.
    fn end_run(&mut self, right: ByteSet) {
        self.is_whole = false;
        let run = std::mem::replace(&mut self.run, vec![Vec::new()]);
        self.elements.push(clause(&run, self.left, right));
    }

    fn into_program(mut self) -> Program {
        self.end_run(ByteSet::ANY);
        Program::all(self.elements)
    }
}

/// What may stand first from each part on, and behind the last one.
fn firsts_of(parts: &[Part]) -> Vec<End> {
    let mut firsts = vec![End::NOTHING; parts.len() + 1];
    for (at, part) in parts.iter().enumerate().rev() {
        firsts[at] = part.first.then(firsts[at + 1]);
    }
    firsts
}

fn last_of(parts: &[Part]) -> End {
    parts.iter().rev().fold(End::NOTHING, |end, part| end.then(part.last))
}

/// Makes `left` all combinations of one of its texts followed by one of `right`; not if they become too many or too long.
fn join(left: &mut Vec<Text>, right: &[Text]) -> bool {
    let is_small = left.len() * right.len() <= JOINED_MAX || left.len() == 1 || right.len() == 1;
    let longest = |texts: &[Text]| texts.iter().map(Vec::len).max().unwrap_or(0);
    let (head, tail) = (longest(left), longest(right));
    if !is_small || head + tail > WRITTEN_MAX && head > 0 && tail > 0 {
        return false;
    }
    if let [tail] = right {
        left.iter_mut().for_each(|head| head.extend_from_slice(tail));
    } else {
        *left = left.iter().flat_map(|head| right.iter().map(move |tail| [head.as_slice(), tail].concat())).collect();
    }
    true
}

/// A clause of written texts between what is known of the places around them.
fn clause(texts: &[Text], left: ByteSet, right: ByteSet) -> Program {
    let mut grams = Vec::new();
    for text in texts {
        match gram(text, left, right) {
            Known::Gram(gram) => grams.push(gram),
            Known::Nothing => return Program::always(),
            Known::Impossible => {}
        }
    }
    if grams.len() > GRAMS_MAX {
        return Program::always();
    }
    Program::clause(grams)
}

enum Known {
    Gram(Gram),
    /// The text is empty.
    Nothing,
    /// Conditions contradict each other.
    Impossible,
}

/// A gram of one text: conditions between places become narrower places.
fn gram(text: &Text, left: ByteSet, right: ByteSet) -> Known {
    // Between the outermost places and the text's own.
    let mut places = vec![left];
    let mut looks = Vec::new();
    for item in text {
        match item {
            Item::Place(set) => places.push(*set),
            Item::Look(look) => looks.push((places.len() - 1, *look)),
        }
    }
    places.push(right);
    if places.len() == 2 {
        return Known::Nothing;
    }
    // A narrower place may decide a neighbouring condition.
    for _ in 0..2 {
        for &(before, look) in &looks {
            let (head, tail) = places.split_at_mut(before + 1);
            narrow(look, &mut head[before], &mut tail[0]);
        }
    }
    if places.iter().any(ByteSet::is_empty) {
        return Known::Impossible;
    }
    let core = 1..places.len() - 1;
    // What is within a text is no edge.
    let inner: Vec<ByteSet> = places[core].iter().map(|place| place.minus(&ByteSet::EDGE)).collect();
    if inner.iter().any(ByteSet::is_empty) {
        return Known::Impossible;
    }
    Known::Gram(Gram::new(&inner, places[0], places[places.len() - 1]))
}

/// Takes out of both places what the condition between them forbids.
fn narrow(look: Look, before: &mut ByteSet, after: &mut ByteSet) {
    let word = word();
    let other = ByteSet::ANY.minus(&word);
    let line = ByteSet::of(b"\n").union(&ByteSet::EDGE);
    match look {
        Look::Start => *before = before.intersection(&ByteSet::EDGE),
        Look::End => *after = after.intersection(&ByteSet::EDGE),
        Look::StartLF => *before = before.intersection(&line),
        Look::EndLF => *after = after.intersection(&line),
        Look::WordAscii | Look::WordAsciiNegate => {
            let (beside_word, beside_other) = if look == Look::WordAscii { (other, word) } else { (word, other) };
            if before.is_subset(&word) {
                *after = after.intersection(&beside_word);
            } else if !before.intersects(&word) {
                *after = after.intersection(&beside_other);
            } else if after.is_subset(&word) {
                *before = before.intersection(&beside_word);
            } else if !after.intersects(&word) {
                *before = before.intersection(&beside_other);
            }
        }
        _ => {}
    }
}

fn word() -> ByteSet {
    let letters = ByteSet::range(b'a', b'z').union(&ByteSet::range(b'A', b'Z'));
    letters.union(&ByteSet::range(b'0', b'9')).union(&ByteSet::of(b"_"))
}
