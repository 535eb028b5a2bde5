//! The loader of web ACLs: no panic, a policy exactly where there is no error, and no part of what it accepts ignored.
//!
//! An input that begins with 0xFF grows a web ACL, which following bytes may damage, and of which one part is watched. Any other
//! input is texts, separated by a zero byte: the web ACL first, then the documents it refers to.

#![no_main]

#[path = "../acl_grammar.rs"]
mod acl_grammar;

use acl_grammar::{resources, web_acl};
use libfuzzer_sys::fuzz_target;
use sekisho_crs_test::grown::Choices;
use sekisho_model::SourceFile;
use sekisho_waf::{Limits, RuleSet};
use sekisho_waf_lang::aws::scrutiny::Subject;
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};
use sekisho_waf_lang::document::Document;

/// How many bytes of a grown web ACL are damaged at most.
const DAMAGES_MAX: usize = 4;

fn check(loaded: &Loaded) {
    assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors());
    let _shown = loaded.diagnostics.render(false);
}

fn any_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut files = text.split('\0').map(|text| SourceFile::new("fuzzed", text));
    let Some(acl) = files.next() else { return };
    let resources: Vec<_> = files.collect();
    check(&load(&acl, &resources, &ManagedCatalogue::new(), &LoadOptions::default()));

    let (document, diagnostics) = Document::from_yaml(&acl);
    assert!(document.is_some() || diagnostics.has_errors());
}

fn grown(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let watched = usize::from(choices.byte()) << 8 | usize::from(choices.byte());
    let damages = usize::from(choices.byte()) % (2 * DAMAGES_MAX);
    let damages: Vec<_> = (DAMAGES_MAX..damages).map(|_| (choices.byte(), choices.byte(), choices.byte())).collect();
    let mut text = web_acl(&mut choices).into_bytes();
    for (high, low, new) in damages {
        let at = (usize::from(high) << 8 | usize::from(low)) % text.len();
        match new {
            0..0x20 => drop(text.remove(at)),
            0x20..0x60 => text.insert(at, new),
            _ => text[at] = new,
        }
    }
    let acl = SourceFile::new("acl", String::from_utf8_lossy(&text));
    let resources = resources().map(|text| SourceFile::new("resource", text));
    let catalogue = ManagedCatalogue::new();
    let subject = Subject { acl: &acl, resources: &resources, catalogue: &catalogue };
    let Some((loaded, parts)) = subject.parts() else {
        return check(&load(&acl, &resources, &catalogue, &LoadOptions::default()));
    };
    check(&loaded);
    let part = &parts[watched % parts.len()];
    if let Some(how) = subject.ignored(&loaded, part) {
        panic!("{how}, in {}", acl.text());
    }
    let policy = loaded.policy.expect("parts are those of a policy");
    RuleSet::compile(policy, Limits::default()).expect("what loads compiles");
}

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((0xFF, rest)) => grown(rest),
        _ => any_text(bytes),
    }
});
