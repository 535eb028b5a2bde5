//! The whole Core Rule Set at paranoia level 4, over requests grown from any bytes: no panic, and the same matches and
//! answers with the matcher's short cuts and without them.
//!
//! The rules are those of the shared folder (`SEKISHO_SHARED`). Where they are missing, each input says so and nothing is
//! searched; with `CI` set that is a failure.

#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{Corpus, fuzz_target};
use sekisho_crs_test::grown::Stock;
use sekisho_crs_test::{Runner, SETUP, TestFile};
use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::Limits;
use sekisho_waf::transaction::{Judging, PhasedRules};
use sekisho_waf_lang::seclang::crs::{CrsOptions, entries};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};

static CORE_RULE_SET: LazyLock<Option<(Arc<PhasedRules>, Stock)>> = LazyLock::new(|| {
    let shared = std::env::var_os("SEKISHO_SHARED");
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("data/crs");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
        eprintln!("core_rule_set: nothing is searched: {} is missing", folder.display());
        return None;
    }
    let stock = Stock::of(tests(&folder).iter().flat_map(|file| &file.tests));
    Some((rules(&folder), stock))
});

/// All files below a folder, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let name = path.to_str().expect("a name in UTF-8").to_owned();
            found.insert(name, std::fs::read(&path).expect("the file can be read"));
        }
    }
    found
}

fn rules(folder: &Path) -> Arc<PhasedRules> {
    let files = files(folder);
    let after_setup = vec![Entry::text("setup.conf", SETUP)];
    let options = CrsOptions { paranoia: Some(4), after_setup, ..CrsOptions::default() };
    let entries =
        entries(folder.to_str().expect("a name in UTF-8"), &files, &options).expect("the folder holds the rules");
    let loaded = load(&entries, &files, &LoadOptions::default());
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    Arc::new(PhasedRules::compile(policy, Limits::default()).expect("the rules compile"))
}

fn tests(folder: &Path) -> Vec<TestFile> {
    let files = files(&folder.join("regression")).into_iter().filter(|(name, _)| name.ends_with(".yaml"));
    let read = |(name, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes).expect("the suite is UTF-8");
        TestFile::read(&SourceFile::new(name, text)).unwrap_or_else(|found| panic!("{}", found.render(false)))
    };
    files.map(read).collect()
}

fuzz_target!(
    init: {
        LazyLock::force(&CORE_RULE_SET);
    },
    |bytes: &[u8]| -> Corpus {
        let Some((rules, stock)) = &*CORE_RULE_SET else { return Corpus::Reject };
        let request = stock.request(bytes);
        let outcome = Runner::new(Arc::clone(rules), Judging::Both).request(&request, "u", Timestamp::from_unix_ms(0));
        assert!(outcome.short_cuts.is_empty(), "{:#?}\n{}", outcome.short_cuts, request.escape_ascii());
        Corpus::Keep
    }
);
