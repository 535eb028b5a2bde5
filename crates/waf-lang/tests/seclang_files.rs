//! Files that rule files of SecLang include and refer to.

use std::collections::BTreeMap;

use sekisho_model::Diagnostics;
use sekisho_waf::ir::phased::{Item, PhasedOperator};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

#[test]
fn files_include_files_beside_them() {
    let files = files(&[
        (
            "etc/main.conf",
            "Include rules/*.conf\nInclude ./more.conf\nIncludeOptional none.conf\nIncludeOptional x/*\n",
        ),
        ("etc/rules/b.conf", "SecRule ARGS \"@pmFromFile w.data v.data\" id:2,phase:1,pass\n"),
        ("etc/rules/a.conf", "SecRule REMOTE_ADDR \"@ipMatchFromFile ip.data\" id:1,phase:1,pass\n"),
        ("etc/rules/w.data", "# words\n one two \r\n\nthree\n"),
        ("etc/rules/v.data", "four\n"),
        ("etc/rules/ip.data", "# ranges\n192.0.2.0/24\n2001:db8::1\n"),
        ("etc/more.conf", "SecAction id:3,phase:1,pass\n"),
    ]);
    let loaded = load(&[Entry::file("etc/main.conf")], &files, &LoadOptions::default());
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    assert_eq!(loaded.files, ["etc/main.conf", "etc/rules/a.conf", "etc/rules/b.conf", "etc/more.conf"]);
    let policy = loaded.policy.unwrap();
    let found: Vec<_> =
        policy.items.iter().filter_map(|item| if let Item::Rule(rule) = item { Some(rule) } else { None }).collect();
    assert_eq!(found.iter().map(|rule| rule.id).collect::<Vec<_>>(), [1, 2, 3]);
    let operator = &found[1].links[0].test.as_ref().unwrap().operator;
    let PhasedOperator::Phrases(phrases) = operator else { panic!("{operator:?}") };
    assert_eq!(phrases, &[b"one two".to_vec(), b"three".to_vec(), b"four".to_vec()]);
}

#[test]
fn files_that_cannot_be_had_are_told_of() {
    let found = |files: &BTreeMap<String, Vec<u8>>| {
        let loaded = load(&[Entry::file("a.conf")], files, &LoadOptions::default());
        assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors());
        codes(&loaded.diagnostics)
    };
    assert_eq!(found(&files(&[])), ["unreadable-file"]);
    assert_eq!(found(&files(&[("a.conf", "Include b.conf")])), ["unreadable-file"]);
    assert_eq!(found(&files(&[("a.conf", "Include b/*.conf")])), ["no-files"]);
    assert_eq!(found(&files(&[("a.conf", "Include a.conf")])), ["include-cycle"]);
    let circle = files(&[("a.conf", "Include b.conf"), ("b.conf", "Include a.conf")]);
    assert_eq!(found(&circle), ["include-cycle"]);
    let phrases = |text: &str| {
        let rule = "SecRule ARGS \"@pmFromFile w\" id:1,phase:1,pass";
        found(&files(&[("a.conf", rule), ("w", text)]))
    };
    assert_eq!(phrases("# none\n"), ["no-phrases"]);
    let addresses = "SecRule REMOTE_ADDR \"@ipMatchF w\" id:1,phase:1,pass";
    assert_eq!(found(&files(&[("a.conf", addresses), ("w", "1.2.3\n::1\nx\n")])), ["invalid-address"; 2]);
    let chain = "SecAction id:1,phase:1,pass,chain\nInclude b.conf\n";
    assert_eq!(found(&files(&[("a.conf", chain), ("b.conf", "")])), ["open-chain"]);
    let latin: BTreeMap<String, Vec<u8>> =
        [("a.conf".to_owned(), b"# caf\xe9\nSecAction \"id:1,phase:1,pass,msg:'caf\xe9'\"\n".to_vec())].into();
    assert_eq!(found(&latin), ["not-utf-8"]);
}

#[test]
fn a_deep_stack_of_files_comes_to_an_end() {
    let deep: BTreeMap<String, Vec<u8>> =
        (0..40).map(|at| (format!("{at}"), format!("Include {}", at + 1).into_bytes())).collect();
    let loaded = load(&[Entry::file("0")], &deep, &LoadOptions::default());
    assert_eq!(codes(&loaded.diagnostics), ["include-too-deep"]);
    // Files that include one file many times over, many times over.
    let wide: BTreeMap<String, Vec<u8>> =
        (0..10).map(|at| (format!("{at}"), format!("IncludeOptional {}\n", at + 1).repeat(20).into_bytes())).collect();
    let loaded = load(&[Entry::file("0")], &wide, &LoadOptions::default());
    assert!(loaded.diagnostics.has_errors());
}

#[test]
fn characters_are_mapped_to_bytes_of_a_code_page() {
    let map = "20127 (US-ASCII)\n00e9:65 00a1:21\n";
    let found = |text: &str| load(&[Entry::file("a")], &files(&[("a", text), ("m", map)]), &LoadOptions::default());
    let expected = [(0xa1, b'!'), (0xe9, b'e')];
    assert_eq!(found("SecUnicodeMapFile m 20127").policy.unwrap().settings.unicode_map, expected);
    let apart = found("SecUnicodeMapFile m\nSecUnicodeCodePage 20127");
    assert_eq!(apart.policy.unwrap().settings.unicode_map, expected);
    assert_eq!(codes(&found("SecUnicodeMapFile m").diagnostics), ["missing-code-page"]);
    assert_eq!(codes(&found("SecUnicodeMapFile m 1").diagnostics), ["unknown-code-page"]);
    assert_eq!(codes(&found("SecUnicodeMapFile x 1").diagnostics), ["unreadable-file"]);
    assert_eq!(codes(&found("SecUnicodeMapFile m x").diagnostics), ["invalid-number", "missing-code-page"]);
    assert_eq!(codes(&found("SecUnicodeMapFile a 1 2").diagnostics), ["surplus-argument"]);
}
