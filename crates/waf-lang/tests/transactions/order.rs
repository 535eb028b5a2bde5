//! The order of rules: `skip`, `skipAfter`, `allow`, phases.

use sekisho_waf::transaction::Judging;

use crate::site::{Sent, Site, check};

#[test]
fn rules_are_left_out() {
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,nolog,skip:1"
           SecAction "id:2,phase:2,pass,nolog,setvar:tx.a=2"
           SecAction "id:3,phase:2,pass,nolog,setvar:tx.b=3""#,
        "x=1",
        "a= b=3 c= d= e=",
    );
}

#[test]
fn a_skip_counts_chains_as_one_and_only_its_own_phase() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,skip:1"
           SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=2"
           SecRule ARGS:x "@streq 1" "id:3,phase:2,pass,nolog,setvar:tx.b=3,chain"
             SecRule ARGS:x "@streq 1" "setvar:tx.b=4"
           SecAction "id:5,phase:2,pass,nolog,setvar:tx.c=5""#,
        "x=1",
        "a=2 b= c=5 d= e=",
    );
}

#[test]
fn the_run_goes_on_after_a_marker_or_a_rule() {
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,nolog,skipAfter:END"
           SecAction "id:2,phase:2,pass,nolog,setvar:tx.a=2"
           SecAction "id:3,phase:1,pass,nolog,setvar:tx.b=3"
           SecMarker END
           SecAction "id:4,phase:2,pass,nolog,skipAfter:6"
           SecAction "id:5,phase:2,pass,nolog,setvar:tx.c=5"
           SecAction "id:6,phase:2,pass,nolog,setvar:tx.d=6"
           SecAction "id:7,phase:2,pass,nolog,setvar:tx.e=7""#,
        "x=1",
        "a= b=3 c= d= e=7",
    );
}

/// Rules that are skipped below a level are asked of values apart from others, or with them after a transaction that reached
/// one: what they match stays the same.
#[test]
fn what_rules_above_a_level_match_does_not_depend_on_the_transaction_before() {
    let rules = r#"SecRule ARGS:level "@rx (\d)" "id:1,phase:1,pass,nolog,capture,setvar:tx.level=%{tx.1}"
        SecRule ARGS|REQUEST_HEADERS:X-Note "@rx (?i)one[a-z]+ly" "id:2,phase:1,pass,nolog,setvar:tx.a=+1"
        SecRule TX:LEVEL "@lt 2" "id:3,phase:1,pass,nolog,skipAfter:END"
        SecRule ARGS|REQUEST_HEADERS:X-Note "@rx two\d+" "id:4,phase:1,pass,nolog,t:lowercase,setvar:tx.b=+1"
        SecMarker END
        SecRule ARGS:x|REQUEST_BODY "@contains three" "id:5,phase:2,pass,nolog,setvar:tx.c=+1"
        SecRule TX:LEVEL "@lt 2" "id:6,phase:2,pass,nolog,skipAfter:END-2"
        SecRule ARGS:x|REQUEST_BODY "@rx four$" "id:7,phase:2,pass,nolog,t:urlDecodeUni,setvar:tx.d=+1"
        SecMarker END-2"#;
    let low = "a=1 b= c=1 d= e=";
    let high = "a=1 b=2 c=1 d=1 e=";
    for judging in [Judging::Plain, Judging::Prefiltered, Judging::Both] {
        let mut site = Site::judging(rules, judging);
        for (level, expected) in [(1, low), (2, high), (2, high), (1, low), (1, low), (2, high)] {
            let query = format!("level={level}&x=TWO1+three%20four");
            site.send(Sent { headers: &[("X-Note", "OnEarly, Two22")], ..Sent::query(&query) });
            assert_eq!(site.tx(&["a", "b", "c", "d", "e"]), expected, "{judging:?}, level {level}");
        }
    }
}

/// Source: ModSecurity Reference Manual, `skipAfter`. libmodsecurity 3.0.9 goes on skipping in the phases after it.
#[test]
fn without_its_marker_a_skip_ends_with_the_phase() {
    check(
        r#"SecMarker BEFORE
           SecRule ARGS:x "@streq 1" "id:1,phase:1,pass,nolog,skipAfter:BEFORE"
           SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=2"
           SecAction "id:3,phase:2,pass,nolog,setvar:tx.b=3""#,
        "x=1",
        "a= b=3 c= d= e=",
    );
}

#[test]
fn allow_reaches_as_far_as_it_says() {
    let after = r#"SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=1"
        SecAction "id:3,phase:2,pass,nolog,setvar:tx.b=1"
        SecAction "id:4,phase:3,pass,nolog,setvar:tx.c=1"
        SecAction "id:5,phase:5,pass,nolog,setvar:tx.d=1""#;
    for (allow, expected) in [
        ("allow", "a= b= c= d=1 e="),
        ("allow:request", "a= b= c=1 d=1 e="),
        ("allow:phase", "a= b=1 c=1 d=1 e="),
        ("pass", "a=1 b=1 c=1 d=1 e="),
    ] {
        check(&format!("SecAction \"id:1,phase:1,{allow},nolog\"\n{after}"), "", expected);
        if allow != "pass" {
            let looking_on = format!("SecRuleEngine DetectionOnly\nSecAction \"id:1,phase:1,{allow},nolog\"\n{after}");
            check(&looking_on, "", "a=1 b=1 c=1 d=1 e=");
        }
    }
}

#[test]
fn the_highest_severity_is_that_of_whole_chains() {
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,nolog,severity:2,chain"
             SecRule ARGS:x "@streq 2" "t:none"
           SecAction "id:3,phase:2,pass,nolog,setvar:tx.b=%{HIGHEST_SEVERITY}"
           SecRule ARGS:x "@streq 1" "id:4,phase:2,pass,nolog,severity:4"
           SecAction "id:5,phase:2,pass,nolog,setvar:tx.c=%{HIGHEST_SEVERITY}""#,
        "x=1",
        "a= b=255 c=4 d= e=",
    );
}
