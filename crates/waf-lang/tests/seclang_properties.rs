//! Whatever rule files are mangled into, they load or give an error, never panic, and no word of them is passed over.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use sekisho_waf_lang::seclang::{Entry, LoadOptions, Loaded, load};

/// Rules of every kind. Names that must be known stand between `⟨` and `⟩`.
const RULES: &str = r#"
⟨SecRuleEngine⟩ ⟨DetectionOnly⟩
⟨SecRequestBodyAccess⟩ ⟨On⟩
⟨SecRequestBodyLimit⟩ ⟨1000⟩
⟨SecRequestBodyLimitAction⟩ ⟨Reject⟩
⟨SecAuditEngine⟩ ⟨RelevantOnly⟩
⟨SecAuditLogParts⟩ ⟨ABZ⟩
⟨SecAuditLogFormat⟩ ⟨JSON⟩
⟨SecCookieFormat⟩ ⟨0⟩
⟨SecTmpDir⟩ /tmp
⟨SecDefaultAction⟩ "⟨phase⟩:⟨2⟩,⟨deny⟩,⟨log⟩,⟨status⟩:⟨403⟩"
⟨SecRule⟩ ⟨ARGS⟩|!⟨ARGS⟩:/^a,b|c$/|&⟨REQUEST_HEADERS⟩:Host|⟨XML⟩:/* "@⟨rx⟩ ^a|b" \
    "⟨id⟩:⟨1⟩,⟨phase⟩:⟨2⟩,⟨block⟩,⟨t⟩:⟨none⟩,⟨t⟩:⟨lowercase⟩,⟨chain⟩,⟨capture⟩,\
    ⟨msg⟩:'a, b %{⟨tx⟩.x}',⟨logdata⟩:'%{⟨MATCHED_VAR⟩}',⟨tag⟩:'a/b',⟨severity⟩:'⟨CRITICAL⟩',⟨skipAfter⟩:END"
    ⟨SecRule⟩ ⟨TX⟩:x "!@⟨eq⟩ ⟨1⟩" "⟨setvar⟩:'⟨tx⟩.%{⟨MATCHED_VAR_NAME⟩}=+%{⟨tx⟩.y}',⟨multiMatch⟩"
⟨SecAction⟩ "⟨id⟩:⟨2⟩,⟨phase⟩:⟨1⟩,⟨pass⟩,⟨nolog⟩,⟨initcol⟩:⟨ip⟩=%{⟨REMOTE_ADDR⟩},⟨expirevar⟩:⟨ip⟩.a=⟨60⟩"
⟨SecRule⟩ ⟨REMOTE_ADDR⟩ "@⟨ipMatch⟩ ⟨192.0.2.0/24⟩" "⟨id⟩:⟨3⟩,⟨phase⟩:⟨1⟩,⟨allow⟩:⟨request⟩,⟨ctl⟩:⟨ruleEngine⟩=⟨Off⟩"
⟨SecRule⟩ ⟨ARGS⟩ "@⟨pmFromFile⟩ ⟨words⟩" "⟨id⟩:⟨4⟩,⟨phase⟩:⟨2⟩,⟨drop⟩,⟨ctl⟩:⟨ruleRemoveTargetById⟩=⟨3⟩;⟨ARGS⟩:x"
⟨SecRule⟩ ⟨ARGS⟩ "@⟨validateByteRange⟩ ⟨1-255⟩" "⟨id⟩:⟨5⟩,⟨phase⟩:⟨2⟩,⟨ctl⟩:⟨ruleRemoveByTag⟩=a/b,⟨skip⟩:⟨1⟩,⟨pass⟩"
⟨SecMarker⟩ END
⟨SecRuleRemoveById⟩ ⟨5⟩
⟨SecRuleUpdateTargetById⟩ ⟨4⟩ "!⟨ARGS⟩:y"
⟨SecRuleUpdateActionById⟩ ⟨4⟩ "⟨pass⟩,⟨auditlog⟩"
⟨Include⟩ ⟨more.conf⟩
"#;

fn loaded(text: &str) -> Loaded {
    let files: BTreeMap<String, Vec<u8>> = [
        ("words".to_owned(), b"one\ntwo\n".to_vec()),
        ("more.conf".to_owned(), b"SecAction id:9,phase:5,pass\n".to_vec()),
    ]
    .into();
    load(&[Entry::text("rules.conf", text)], &files, &LoadOptions::default())
}

fn plain() -> String {
    RULES.replace(['⟨', '⟩'], "")
}

/// The rules with another word in the place of one of the names, and where that word stands in bytes.
fn with_slip(nth: usize, slip: &str) -> (String, std::ops::Range<usize>) {
    let mut text = String::new();
    let mut place = 0..0;
    for (at, piece) in RULES.split('⟨').enumerate() {
        let (name, rest) = piece.split_once('⟩').unwrap_or(("", piece));
        let word = if at == nth + 1 { slip } else { name };
        if at == nth + 1 {
            place = text.len()..text.len() + slip.len();
        }
        text.push_str(word);
        text.push_str(rest);
    }
    (text, place)
}

fn names() -> usize {
    RULES.matches('⟨').count()
}

#[test]
fn the_rules_load() {
    let loaded = loaded(&plain());
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    assert_eq!(loaded.policy.map(|policy| policy.items.len()), Some(6));
}

#[test]
fn no_name_is_passed_over() {
    for nth in 0..names() {
        let (text, place) = with_slip(nth, "qzx");
        let loaded = loaded(&text);
        let at_the_slip = loaded.diagnostics.iter().any(|problem| {
            let span = problem.span.as_ref().map(|span| span.range.clone());
            span.is_some_and(|range| range.start < place.end && place.start < range.end)
        });
        assert!(at_the_slip, "{}\n{}", &text[place], loaded.diagnostics.render(false));
    }
}

proptest! {
    #[test]
    fn a_word_that_means_nothing_is_an_error_wherever_it_stands(nth in any::<Index>(), slip in "[b-z]{1,3}q[a-z_]{2,9}") {
        let (text, _) = with_slip(nth.index(names()), &slip);
        let loaded = loaded(&text);
        prop_assert!(loaded.policy.is_none() && loaded.diagnostics.has_errors(), "{}", text);
    }

    #[test]
    fn where_lines_break_means_nothing(breaks in prop::collection::vec(any::<Index>(), 0..12), crlf in any::<bool>()) {
        let text = plain();
        let before = format!("{:?}", loaded(&text).policy.map(|policy| policy.items));
        // A break may stand between any two words of a statement.
        let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).filter(|at| !within_comment(&text, *at)).collect();
        let mut chosen: Vec<usize> = breaks.iter().map(|index| spaces[index.index(spaces.len())]).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let mut broken = text;
        for at in chosen.into_iter().rev() {
            broken.insert_str(at, if crlf { "\\\r\n" } else { "\\\n" });
        }
        let after = format!("{:?}", loaded(&broken).policy.map(|policy| policy.items));
        // Lines of rules differ; what they mean does not.
        prop_assert_eq!(without_lines(&before), without_lines(&after));
    }

    #[test]
    fn a_mangled_file_loads_or_says_why(
        cuts in prop::collection::vec((any::<Index>(), 0_usize..12, "[ -~\n\\\\'\"]{0,6}"), 1..6)
    ) {
        let mut text = plain();
        for (index, length, insert) in cuts {
            let at = index.index(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &insert);
        }
        loads_or_says_why(&text)?;
    }

    #[test]
    fn any_text_loads_or_says_why(text in "(Sec(Rule|Action|Marker|RuleRemoveById)|Include|[ -~\n\\\\'\"é%{}:|]{0,20}| ){0,20}") {
        loads_or_says_why(&text)?;
    }
}

fn loads_or_says_why(text: &str) -> Result<(), TestCaseError> {
    let loaded = loaded(text);
    let shown = loaded.diagnostics.render(false);
    prop_assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors(), "{}", shown);
    Ok(())
}

fn within_comment(text: &str, at: usize) -> bool {
    text[..at].rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'))
}

fn without_lines(shown: &str) -> String {
    let mut pieces = shown.split("line: ");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str(piece.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    kept
}
