//! The loader of web ACLs, on any text: no panic, and a policy exactly where there is no error.
//!
//! Texts are separated by a zero byte: the web ACL first, then the documents it refers to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};
use sekisho_waf_lang::document::Document;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut files = text.split('\0').map(|text| SourceFile::new("fuzzed", text));
    let Some(acl) = files.next() else { return };
    let resources: Vec<_> = files.collect();
    let loaded = load(&acl, &resources, &ManagedCatalogue::new(), &LoadOptions::default());
    assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors());
    let _shown = loaded.diagnostics.render(false);

    let (document, diagnostics) = Document::from_yaml(&acl);
    assert!(document.is_some() || diagnostics.has_errors());
});
