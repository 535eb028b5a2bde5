//! The reader of test files, on any text: no panic, and cases exactly where there is no problem.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_acl_test::TestFile;
use sekisho_model::SourceFile;

fuzz_target!(|bytes: &[u8]| {
    match TestFile::read(&SourceFile::new("fuzzed", String::from_utf8_lossy(bytes))) {
        Ok(file) => assert!(file.cases.iter().all(|case| case.line > 0)),
        Err(problems) => assert!(!problems.render(false).is_empty()),
    }
});
