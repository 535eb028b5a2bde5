//! Every transformation, on any bytes: no panic, honest about what it did, linear output, no memory of earlier calls.
//!
//! The first byte of the input chooses the transformation, the rest is what it reads.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_waf::transform::{Outcome, Transform};

/// What stands in the buffer before the call and must still stand there after it.
const BEFORE: &[u8] = b"kept";

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, input)) = bytes.split_first() else { return };
    let transform = Transform::ALL[usize::from(choice) % Transform::ALL.len()];

    let mut out = BEFORE.to_vec();
    let outcome = transform.apply(input, &mut out);
    let appended = out.strip_prefix(BEFORE).expect("a transformation only appends");
    match outcome {
        Outcome::Unchanged => assert!(appended.is_empty(), "{} appended while unchanged", transform.name()),
        Outcome::Changed => assert_ne!(appended, input, "{} changed nothing", transform.name()),
    }
    assert!(appended.len() <= transform.output_bytes_max(input.len()), "{} outgrew its limit", transform.name());

    let mut again = Vec::new();
    assert_eq!(transform.apply(input, &mut again), outcome, "{} has a memory", transform.name());
    assert_eq!(again, appended, "{} has a memory", transform.name());
});
