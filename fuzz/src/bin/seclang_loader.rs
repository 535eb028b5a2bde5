//! The loader of SecLang on any bytes: no panic; and either a policy comes of them or an error.

#![no_main]

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};

fuzz_target!(|bytes: &[u8]| {
    // The second half is a file that the first may refer to.
    let (rules, other) = bytes.split_at(bytes.len() / 2);
    let files: BTreeMap<String, Vec<u8>> = [("a".to_owned(), rules.to_vec()), ("b".to_owned(), other.to_vec())].into();
    for entries in [vec![Entry::file("a")], vec![Entry::file("b"), Entry::text("c", String::from_utf8_lossy(bytes))]] {
        for backtracking in [None, NonZeroU32::new(1_000)] {
            let loaded = load(&entries, &files, &LoadOptions { backtracking, ..LoadOptions::default() });
            assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors());
            let _shown = loaded.diagnostics.render(false);
        }
    }
});
