//! The reader of tests of rules in phases, on any text: no panic, and requests of bounded size.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_crs_test::{TestFile, wire};
use sekisho_model::SourceFile;

fuzz_target!(|bytes: &[u8]| {
    match TestFile::read(&SourceFile::new("fuzzed", String::from_utf8_lossy(bytes))) {
        Ok(file) => {
            for stage in file.tests.iter().flat_map(|test| &test.stages) {
                // Form data grows threefold where it is encoded.
                assert!(wire::request(&stage.input, &wire::Memory::default()).len() <= 64 << 20);
            }
        }
        Err(problems) => assert!(!problems.render(false).is_empty()),
    }
});
