//! Masks over any bytes: no panic, masked twice is masked once, JSON stays JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_mask::{Counts, Mask, MaskSettings, Scratch};

fuzz_target!(|bytes: &[u8]| {
    let mask = Mask::new(&MaskSettings::default()).expect("the default settings are right");
    let (mut scratch, mut counts) = (Scratch::default(), Counts::default());
    let once = mask.apply(bytes, &mut scratch, &mut counts).to_vec();
    let twice = mask.apply(&once, &mut scratch, &mut counts);
    assert_eq!(twice, once, "{}", String::from_utf8_lossy(bytes));
    let is_json = |bytes: &[u8]| serde_json::from_slice::<serde_json::value::Value>(bytes);
    if is_json(bytes).is_ok_and(|value| value.is_object() || value.is_array()) {
        is_json(&once).expect("JSON stays JSON");
    }
});
