//! What logs say.

use sekisho_waf::transaction::TransactionLimits;

use crate::site::{Sent, Site};

/// The lines of the error log for one request, up to the rule's tags.
#[track_caller]
fn check(rules: &str, query: &str, expected: &[&str]) {
    let mut site = Site::new(rules);
    site.send(Sent::query(query));
    let log = site.log();
    let cut = |line: &String| {
        let line = line.strip_prefix("ModSecurity: Warning. ").expect("nothing was stopped");
        let (before, after) = line.split_once(" [file \"t.conf\"] [line \"").expect("a place");
        let (_, fields) = after.split_once("\"] ").expect("a line");
        format!("{before} {}", fields.split_once(" [severity").expect("a severity").0)
    };
    assert_eq!(log.iter().map(cut).collect::<Vec<_>>(), expected);
}

#[test]
fn a_rule_is_told_of_once_with_the_value_that_matched_last() {
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,log,msg:lv,logdata:%{MATCHED_VAR_NAME}""#,
        "x=1&y=1",
        &[
            r#"Matched "Operator `StrEq' with parameter `1' against variable `ARGS:y' (Value: `1' ) [id "1"] [rev ""] [msg "lv"] [data "ARGS:y"]"#,
        ],
    );
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,log""#,
        "x=1",
        &[
            r#"Matched "Operator `StrEq' with parameter `1' against variable `ARGS:x' (Value: `1' ) [id "1"] [rev ""] [msg ""] [data ""]"#,
        ],
    );
}

#[test]
fn a_chain_speaks_with_its_first_voice_of_its_last_value() {
    let last =
        r#"Matched "Operator `Rx' with parameter `(.)' against variable `ARGS:y' (Value: `2' ) [id "1"] [rev ""]"#;
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,log,msg:'first %{MATCHED_VAR_NAME}',logdata:%{MATCHED_VAR},chain"
             SecRule ARGS:y "@rx (.)" "t:none,capture,logdata:'second %{MATCHED_VAR}',setvar:tx.a=1""#,
        "x=1&y=2",
        &[&format!(r#"{last} [msg "first ARGS:y"] [data "2"]"#)],
    );
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,log,chain"
             SecRule ARGS:y "@rx (.)" "t:none,capture,logdata:'second %{MATCHED_VAR}',msg:'second',setvar:tx.a=1""#,
        "x=1&y=2",
        &[&format!(r#"{last} [msg "second"] [data "second 2"]"#)],
    );
}

#[test]
fn operators_are_told_of_in_their_own_words() {
    let line = |what: &str, id: u32| format!(r#"{what} [id "{id}"] [rev ""] [msg "f"] [data ""]"#);
    let matched = |operator: &str, parameter: &str, variable: &str, value: &str, id| {
        let what = format!(
            "Matched \"Operator `{operator}' with parameter `{parameter}' against variable `{variable}' (Value: `{value}' )"
        );
        line(&what, id)
    };
    let x = "ARGS:x";
    let expected = [
        matched("Pm", "zzz cde", x, "abcdef", 1),
        matched("Rx", "^z", x, "abcdef", 2),
        matched("ValidateByteRange", "1-97", x, "abcdef", 3),
        matched("IpMatch", "192.0.2.0/24", "REMOTE_ADDR", "192.0.2.7", 4),
        matched("UnconditionalMatch", "", x, "abcdef", 6),
        line("", 7),
        matched("Contains", "bc", x, "abcdef", 9),
        matched("Eq", "2", "ARGS", "2", 10),
        line("detected XSS using libinjection.", 11),
    ];
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(
        r#"SecRule ARGS:x "@pm zzz cde" "id:1,phase:2,pass,log,msg:f,t:uppercase"
           SecRule ARGS:x "!@rx ^z" "id:2,phase:2,pass,log,msg:f"
           SecRule ARGS:x "@validateByteRange 1-97" "id:3,phase:2,pass,log,msg:f"
           SecRule REMOTE_ADDR "@ipMatch 192.0.2.0/24" "id:4,phase:2,pass,log,msg:f"
           SecRule ARGS:x "@detectXSS" "id:5,phase:2,pass,log,msg:f"
           SecRule ARGS:x "@unconditionalMatch" "id:6,phase:2,pass,log,msg:f"
           SecAction "id:7,phase:2,pass,log,msg:f"
           SecRule ARGS:x "@contains b%{tx.none}c" "id:9,phase:2,pass,log,msg:f"
           SecRule &ARGS "@eq %{tx.none}2" "id:10,phase:2,pass,log,msg:f"
           SecRule ARGS:s "@detectXSS" "id:11,phase:2,pass,log,msg:f""#,
        "x=abcdef&s=<script>alert(1)</script>",
        &expected,
    );
}

#[test]
fn a_line_ends_with_the_rule_and_the_request() {
    let mut site = Site::new(
        r#"SecRule ARGS:x "@rx ." "id:1,phase:2,pass,log,msg:'m',severity:CRITICAL,ver:'v/1',tag:'a',tag:'b-%{ARGS.x}'""#,
    );
    site.send(Sent::query("x=%0atea%22"));
    let line = &site.log()[0];
    assert!(line.contains(r#"(Value: `\x0atea\x22' ) [file"#), "{line}");
    let end = r#"[severity "2"] [ver "v/1"] [maturity "0"] [accuracy "0"] [tag "a"] [tag "b-\x0atea\x22"] [hostname "127.0.0.1"] [uri "/page"] [unique_id "u-1"]"#;
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn a_match_keeps_what_explains_it() {
    let mut site = Site::new(
        r#"SecRule ARGS "@rx <script" "id:1,phase:2,pass,log,t:none,t:urlDecodeUni,t:lowercase"
           SecRule ARGS "@rx ^%3C" "id:2,phase:2,pass,log""#,
    );
    site.send(Sent::query("q=%253CScript%253E"));
    let shown = site.transaction().matches().map(|matched| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (matched.rule.id, text(matched.variable), text(matched.value), text(matched.transformed))
    });
    let expected = [(1, "ARGS:q", "%3CScript%3E", "<script>"), (2, "ARGS:q", "%3CScript%3E", "")];
    let expected =
        expected.map(|(id, variable, value, form)| (id, variable.to_owned(), value.to_owned(), form.to_owned()));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn who_asks_for_no_log_is_left_out() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:2,pass,nolog"
           SecAction "id:2,phase:2,pass,nolog,auditlog"
           SecAction "id:3,phase:2,pass,log,noauditlog""#,
    );
    site.send(Sent::query(""));
    let matches: Vec<_> =
        site.transaction().matches().map(|matched| (matched.rule.id, matched.log, matched.audit_log)).collect();
    assert_eq!(matches, [(2, false, true), (3, true, false)]);
}

#[test]
fn logs_are_bounded() {
    let limits =
        TransactionLimits { matches_max: 3, log_text_bytes_max: 4, log_bytes_max: 30, ..TransactionLimits::default() };
    let rules: String =
        (1..=8).map(|id| format!("SecAction \"id:{id},phase:2,pass,log,msg:'message %{{ARGS.x}}'\"\n")).collect();
    let mut site = Site::with_limits(&format!("{rules}SecAction \"id:9,phase:2,deny,log,msg:last\""), limits);
    assert!(site.send(Sent::query("x=1")).is_some());
    let told: Vec<_> = site
        .transaction()
        .matches()
        .map(|matched| (matched.rule.id, String::from_utf8_lossy(matched.message).into_owned()))
        .collect();
    // The rule that stopped the transaction is told of whatever came before.
    let expected = [(1, "mess"), (2, "mess"), (3, "mess"), (9, "last")].map(|(id, text)| (id, text.to_owned()));
    assert_eq!(told, expected);
}
