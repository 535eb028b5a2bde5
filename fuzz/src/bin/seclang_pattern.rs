//! Patterns in PCRE's syntax, and values held against them: no panic, bounded work, groups that lie within the match, and the
//! same answer whether it is asked for groups or not; those that need to go back too.
//!
//! Up to the first NUL the input is the pattern, the rest is the value.

#![no_main]

use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use sekisho_waf::Limits;
use sekisho_waf::operator::pattern;
use sekisho_waf::transaction::{Captured, Captures, OperatorCompiler, OperatorMemory};

/// A pattern that is larger when compiled is refused: what is looked for here are wrong answers, not long waits.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Steps back for one value.
const STEPS_MAX: u32 = 1_000;

fuzz_target!(|bytes: &[u8]| {
    let (text, value) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    let Ok(text) = std::str::from_utf8(text) else { return };
    let checked = pattern::check(text);
    assert_eq!(checked.is_ok(), pattern::parse(text).is_ok(), "checking and parsing agree");
    if let Err(error) = &checked {
        assert!(!error.reason.is_empty() && error.at.is_none_or(|at| at <= text.len()));
    }
    let limits = Limits { regex_bytes_max: PATTERN_BYTES_MAX, ..Limits::default() };
    let Ok(pattern) = OperatorCompiler::backtracking(&limits, NonZeroU32::new(STEPS_MAX)).pattern(text) else { return };
    assert!(checked.as_ref().err().is_none_or(|error| error.may_backtrack), "what is broken is not built");

    let (mut memory, mut captures) = (OperatorMemory::default(), Captures::default());
    let holds = pattern.is_match(value, &mut memory);
    let caught = pattern.captures(value, &mut memory, &mut captures);
    if memory.take_gave_up() {
        assert!(checked.is_err(), "a linear engine never gives up");
        return;
    }
    assert_eq!(caught, holds, "groups change nothing");
    let Some(Captured::Value(whole)) = captures.group(0).cloned() else {
        assert!(!holds, "what matches has a place");
        return;
    };
    for (_, captured) in captures.iter() {
        let Captured::Value(range) = captured else { panic!("a pattern catches parts of the value") };
        assert!(range.start <= range.end && range.end <= value.len());
    }
    assert!(holds && whole.end <= value.len());

    captures.clear();
    if checked.is_err() {
        return;
    }
    assert!(pattern.captures_of_all(value, &mut memory, &mut captures), "all matches are some");
    assert_eq!(captures.group(0), Some(&Captured::Value(whole)), "the first of all is the first");
});
