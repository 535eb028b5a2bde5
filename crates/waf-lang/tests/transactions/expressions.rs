//! Expressions that a linear engine cannot match, and those with macros.

use std::time::{Duration, Instant};

use sekisho_waf_lang::seclang::LoadOptions;

use crate::site::{Sent, Site};

/// A site that lets expressions go back.
fn backtracking(rules: &str) -> Site {
    Site::loaded(rules, &LoadOptions { backtracking: std::num::NonZeroU32::new(100_000), ..LoadOptions::default() })
}

#[test]
fn expressions_look_around_where_that_is_allowed() {
    let mut site = backtracking(
        r#"SecRule ARGS "@rx (?i)select(?!ed)" "id:1,phase:2,deny,nolog,capture,setvar:tx.a=%{TX.0}"
           SecRule ARGS:/^x(?!y)/ "@rx ." "id:2,phase:2,pass,nolog,setvar:tx.b=+1"
           SecRule ARGS "!@rx ^(['\x22]?)\w*\1$" "id:3,phase:2,pass,nolog,setvar:tx.c=%{MATCHED_VAR}""#,
    );
    assert_eq!(site.send(Sent::query("q=SELECT+1")).and_then(|stopped| stopped.rule), Some(1));
    assert_eq!(site.tx(&["a"]), "a=SELECT");
    assert_eq!(site.send(Sent::query("q=selected&xy=1&xz=2&q='a'&q='b")), None);
    assert_eq!(site.tx(&["b", "c", "msc_pcre_limits_exceeded"]), "b=1 c='b msc_pcre_limits_exceeded=");
    assert!(site.transaction().gave_up().is_empty());
}

/// As ModSecurity tells of it: rule 200005 of its recommended configuration refuses such a request.
#[test]
fn a_search_that_is_given_up_is_told_of() {
    let mut site = backtracking(
        r#"SecRule ARGS "@rx ^(?:a|aa)+(?![a!])" "id:1,phase:2,pass,nolog,setvar:tx.a=1"
           SecRule MSC_PCRE_LIMITS_EXCEEDED "@eq 1" "id:2,phase:2,pass,nolog,setvar:tx.b=1"
           SecRule TX:/^MSC_/ "!@streq 0" "id:200005,phase:2,t:none,log,deny,msg:'internal error: %{MATCHED_VAR_NAME}'""#,
    );
    let hostile = format!("q={}!", "a".repeat(2_000));
    let start = Instant::now();
    assert_eq!(site.send(Sent::query(&hostile)).and_then(|stopped| stopped.rule), Some(200_005));
    assert_eq!(site.tx(&["a", "b", "msc_pcre_limits_exceeded"]), "a= b=1 msc_pcre_limits_exceeded=1");
    assert_eq!(site.transaction().gave_up(), [1]);
    assert_eq!(site.send(Sent::query("q=aab")), None, "and nothing of it is left");
    assert_eq!(site.tx(&["a", "b", "msc_pcre_limits_exceeded"]), "a=1 b= msc_pcre_limits_exceeded=");
    // However many there are, and however many rules look at them.
    let many: Vec<_> = (0..900).map(|_| hostile.as_str()).collect();
    assert_eq!(site.send(Sent::query(&many.join("&"))).and_then(|stopped| stopped.rule), Some(200_005));
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn macros_stand_in_expressions() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:1,pass,nolog,setvar:'tx.allowed=^(?:cat|dog)$',setvar:tx.n=2"
           SecRule ARGS:q "@rx %{tx.allowed}" "id:2,phase:2,pass,nolog,capture,setvar:tx.a=%{TX.0}"
           SecRule ARGS:r "!@rx ^https?://%{REQUEST_HEADERS.Host}/" "id:3,phase:2,pass,nolog,setvar:tx.b=1"
           SecRule ARGS:s "@rx ^a{%{tx.n}}%{2}$" "id:4,phase:2,pass,nolog,setvar:tx.c=1""#,
    );
    let sent = |query, host| Sent::query(query).host(host);
    site.send(sent("q=cat&r=http://localhost/&s=aa%25%25", "localhost"));
    assert_eq!(site.tx(&["a", "b", "c"]), "a=cat b= c=1");
    site.send(sent("q=catty&r=http://evil.example/&s=aaa", "localhost"));
    assert_eq!(site.tx(&["a", "b", "c"]), "a= b=1 c=");
    // What comes of the request is no expression: it would match whatever its sender likes.
    site.send(sent("r=http://evil.example/", ".*"));
    assert_eq!(site.tx(&["b"]), "b=1");
    site.send(sent("r=http://(/", "("));
    assert_eq!(site.tx(&["b"]), "b=");
    assert!(site.transaction().gave_up().is_empty());
}

/// What rules set may be no expression, or a large one: then there is no match, and that is told.
#[test]
fn an_expression_that_cannot_be_built_does_not_match() {
    let mut site = Site::new(
        r#"SecRule ARGS:e "@rx ." "id:1,phase:1,pass,nolog,setvar:tx.e=%{MATCHED_VAR}"
           SecRule ARGS:q "@rx %{tx.e}" "id:2,phase:2,pass,nolog,setvar:tx.a=1"
           SecRule ARGS "@rx ^%{tx.e}%{ARGS_NAMES}" "id:3,phase:2,pass,nolog,setvar:tx.b=1""#,
    );
    let mut gives_up = |expression: &str| {
        site.send(Sent::query(&format!("e={expression}&q=aaa")));
        (site.tx(&["a"]), site.transaction().gave_up().to_vec())
    };
    assert_eq!(gives_up("a%7b3%7d"), ("a=1".to_owned(), vec![]));
    let start = Instant::now();
    for expression in ["(", "(%3f!a)", "(a%7b1000%7d)%7b1000%7d", &"a".repeat(5_000)] {
        assert_eq!(gives_up(expression), ("a=".to_owned(), vec![2, 3]), "{expression}");
    }
    // Each has another expression: the work of one transaction is bounded all the same.
    let expressions: String = (0..900).map(|number| format!("&e=(a%7b900%7d{number})%7b90%7d&q=b")).collect();
    site.send(Sent::query(&expressions));
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
