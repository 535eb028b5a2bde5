//! What matched: `MATCHED_VAR…`, captures, names, counts, exclusions.

use crate::site::{Sent, Site, check};

#[test]
fn all_values_that_matched_add_up_along_a_chain() {
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog,chain"
             SecRule MATCHED_VARS "@rx ." "setvar:tx.a=+1,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}',chain"
             SecRule MATCHED_VARS "@rx ." "setvar:'tx.c=%{tx.c};%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'""#,
        "x=1&y=1&z=3",
        "a=2 b=;MATCHED_VARS:ARGS:x;MATCHED_VARS:ARGS:y c=;MATCHED_VARS:ARGS:x~1;MATCHED_VARS:ARGS:y~1;\
         MATCHED_VARS:MATCHED_VARS:ARGS:x~1;MATCHED_VARS:MATCHED_VARS:ARGS:y~1 d= e=",
    );
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog,chain"
             SecRule MATCHED_VARS_NAMES "@rx ." "setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'""#,
        "x=1&y=1&z=3",
        "a= b=;MATCHED_VARS_NAMES:ARGS:x~ARGS:x;MATCHED_VARS_NAMES:ARGS:y~ARGS:y c= d= e=",
    );
}

#[test]
fn values_that_matched_are_forgotten_by_the_next_rule_that_does_not() {
    let look = r#"SecRule MATCHED_VARS "@rx ." "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'""#;
    let first = r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog""#;
    let matching = format!("{first}\nSecRule ARGS \"@streq 2\" \"id:2,phase:2,pass,nolog\"\n{look}");
    check(&matching, "x=1&y=2", "a= b=;MATCHED_VARS:ARGS:x;MATCHED_VARS:ARGS:y c= d= e=");
    let failing = format!("{first}\nSecRule ARGS \"@streq 7\" \"id:2,phase:2,pass,nolog\"\n{look}");
    check(&failing, "x=1&y=2", "a= b= c= d= e=");
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog"
           SecAction "id:2,phase:2,pass,nolog,setvar:tx.a=%{MATCHED_VAR_NAME}"
           SecRule ARGS "@streq 7" "id:3,phase:2,pass,nolog"
           SecAction "id:4,phase:2,pass,nolog,setvar:tx.b=%{MATCHED_VAR_NAME}.""#,
        "x=1",
        "a=ARGS:x b=. c= d= e=",
    );
}

#[test]
fn a_rule_that_was_removed_forgets_nothing_whether_or_not_it_could_match() {
    let look = r#"SecRule MATCHED_VARS "@rx ." "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'""#;
    for removed in [r#"ARGS "@rx seven""#, r#"TX:score "@gt 3""#] {
        check(
            &format!(
                r#"SecAction "id:1,phase:1,pass,nolog,setvar:tx.score=1,ctl:ruleRemoveById=4"
                   SecRule ARGS "@streq 1" "id:2,phase:2,pass,nolog"
                   SecRule {removed} "id:4,phase:2,pass,nolog"
                   {look}"#
            ),
            "x=1&y=2",
            "a= b=;MATCHED_VARS:ARGS:x c= d= e=",
        );
    }
}

#[test]
fn groups_that_took_no_part_leave_what_was_there() {
    check(
        r#"SecRule ARGS:x "@rx (a)(b)" "id:1,phase:2,pass,nolog,capture"
           SecRule ARGS:y "@rx (c)" "id:2,phase:2,pass,nolog,capture,setvar:'tx.a=%{tx.0}-%{tx.1}-%{tx.2}'"
           SecRule ARGS:y "@rx (x)?(c)" "id:3,phase:2,pass,nolog,capture,setvar:'tx.b=%{tx.0}-%{tx.1}-%{tx.2}'"
           SecRule ARGS:y "!@rx (d)" "id:4,phase:2,pass,nolog,capture,setvar:'tx.c=%{tx.0}-%{tx.1}-%{tx.2}'""#,
        "x=ab&y=c",
        "a=c-c-b b=c-c-c c=c-c-c d= e=",
    );
}

#[test]
fn phrases_and_detections_are_captured() {
    check(
        r#"SecRule ARGS:x "@pm bar" "id:1,phase:2,pass,nolog,capture,setvar:tx.a=%{tx.0}"
           SecRule ARGS:x "@contains oo" "id:2,phase:2,pass,nolog,capture,setvar:tx.b=%{tx.0}"
           SecRule ARGS:y "@detectSQLi" "id:3,phase:2,pass,nolog,capture,setvar:tx.c=%{tx.0}"
           SecRule ARGS:z "@detectXSS" "id:4,phase:2,pass,nolog,capture,setvar:tx.d=%{tx.0}""#,
        "x=fooBarBaz&y=1'%20or%201=1--&z=<script>alert(1)</script>",
        "a=bar b=bar c=s&1c d=<script>alert(1)</script> e=",
    );
}

#[test]
fn each_form_that_matches_counts_if_all_are_asked_for() {
    check(
        r#"SecRule ARGS:x "@rx ." "id:1,phase:2,pass,nolog,t:none,t:urlDecode,t:lowercase,t:lowercase,multiMatch,setvar:tx.a=+1,setvar:'tx.b=%{tx.b};%{MATCHED_VAR}'""#,
        "x=%2541%2541",
        "a=3 b=;%41%41;AA;aa c= d= e=",
    );
    // The same for values that rules change.
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.q=%{ARGS.x}"
           SecRule TX:q "@rx ." "id:2,phase:2,pass,nolog,t:none,t:urlDecode,t:lowercase,multiMatch,setvar:tx.a=+1,setvar:'tx.b=%{tx.b};%{MATCHED_VAR}'""#,
        "x=%2541%2541",
        "a=3 b=;%41%41;AA;aa c= d= e=",
    );
}

#[test]
fn counts_know_what_they_count() {
    check(
        r#"SecRule &ARGS "@gt 0" "id:1,phase:2,pass,nolog,setvar:'tx.a=%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'"
           SecRule &ARGS:x "@gt 0" "id:2,phase:2,pass,nolog,setvar:'tx.b=%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'"
           SecRule &ARGS|!ARGS:x "@gt 0" "id:3,phase:2,pass,nolog,setvar:tx.c=%{MATCHED_VAR}"
           SecRule &TX:foo "@eq 0" "id:4,phase:2,pass,nolog,setvar:'tx.d=%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'""#,
        "x=1&y=2&x=3",
        "a=ARGS~3 b=ARGS:x~2 c=3 d=TX:foo~0 e=",
    );
}

#[test]
fn members_are_named_as_they_came() {
    check(
        r#"SecRule ARGS_NAMES "@streq Foo" "id:1,phase:2,pass,nolog,setvar:'tx.a=%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'"
           SecRule ARGS:foo "@streq 2" "id:2,phase:2,pass,nolog,setvar:tx.b=%{MATCHED_VAR_NAME}"
           SecRule REQUEST_HEADERS:HOST "@rx ." "id:3,phase:2,pass,nolog,setvar:tx.c=%{MATCHED_VAR_NAME}"
           SecRule REQUEST_URI "@rx ." "id:4,phase:2,pass,nolog,setvar:tx.d=%{MATCHED_VAR_NAME}""#,
        "x=1&Foo=2",
        "a=ARGS_NAMES:Foo~Foo b=ARGS:Foo c=REQUEST_HEADERS:Host d=REQUEST_URI e=",
    );
}

#[test]
fn xml_is_named_by_its_path() {
    let mut site = Site::new(
        r#"SecRule REQUEST_HEADERS:Content-Type "@rx xml" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
           SecRule XML:/* "@rx ." "id:2,phase:2,pass,nolog,setvar:'tx.a=%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'"
           SecRule XML://@* "@rx ." "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}~%{MATCHED_VAR}'""#,
    );
    let headers = [("Content-Type", "text/xml")];
    site.send(Sent { headers: &headers, body: r#"<a q="1" r="2">t<b>u</b></a>"#, ..Sent::query("") });
    assert_eq!(site.tx(&["a", "b"]), "a=XML:/*~tu b=;XML://@*~1;XML://@*~2");
}

#[test]
fn exclusions_hold_for_their_own_variable_in_any_case() {
    check(
        r#"SecRule ARGS|!ARGS:foo "@streq 1" "id:1,phase:2,pass,nolog,setvar:'tx.a=%{tx.a};%{MATCHED_VAR_NAME}'"
           SecRule ARGS|!ARGS:/^FOO/ "@streq 1" "id:2,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'"
           SecRule ARGS|!ARGS_GET:Foo "@streq 1" "id:3,phase:2,pass,nolog,setvar:'tx.c=%{tx.c};%{MATCHED_VAR_NAME}'""#,
        "Foo=1&foobar=1",
        "a=;ARGS:foobar b= c=;ARGS:Foo;ARGS:foobar d= e=",
    );
}

#[test]
fn what_nothing_set_is_there_and_empty() {
    check(
        r#"SecRule REQUEST_BODY "@rx ^$" "id:1,phase:2,pass,nolog,setvar:tx.a=empty"
           SecRule ARGS:none "@rx ^$" "id:2,phase:2,pass,nolog,setvar:tx.b=empty"
           SecRule MATCHED_VAR "@rx ^$" "id:3,phase:2,pass,nolog,setvar:tx.c=empty"
           SecRule REMOTE_USER "@rx ^$" "id:4,phase:2,pass,nolog,setvar:tx.d=empty"
           SecRule SESSIONID|USERID "@rx ^$" "id:5,phase:2,pass,nolog,setvar:'tx.e=%{tx.e}_%{MATCHED_VAR_NAME}'""#,
        "",
        "a=empty b= c=empty d= e=_SESSIONID_USERID",
    );
}

#[test]
fn a_rule_knows_itself() {
    check(
        r#"SecRule ARGS:x "@streq 1" "id:7,phase:2,pass,nolog,severity:2,msg:'hello',rev:3,chain"
             SecRule ARGS:x "@streq 1" "setvar:tx.a=%{rule.id},setvar:tx.b=%{rule.severity},setvar:tx.c=%{rule.msg},setvar:tx.d=%{rule.rev}""#,
        "x=1",
        "a=7 b=2 c=hello d=3 e=",
    );
}

/// As ModSecurity 3.0.14 does, but for text beside elements, which it drops.
#[test]
fn elements_of_xml_are_arguments_if_they_are_to_be() {
    let rules = |mode: &str| {
        format!(
            r#"SecParseXmlIntoArgs {mode}
               SecArgumentsLimit 6
               SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
               SecRule ARGS_POST "@rx ." "id:2,phase:2,pass,nolog,setvar:'tx.a=%{{tx.a}}|%{{MATCHED_VAR_NAME}}=%{{MATCHED_VAR}}'"
               SecRule XML:/* "@rx ." "id:3,phase:2,pass,nolog,setvar:tx.b=1"
               SecRule XML://@* "@rx ." "id:4,phase:2,pass,nolog,setvar:tx.c=%{{MATCHED_VAR}}"
               SecRule ARGS:xml.r.l.n "@streq bar" "id:5,phase:2,pass,nolog,setvar:tx.d=1"
               SecRule ARGS_POST "@streq 1111" "id:6,phase:2,pass,nolog,setvar:tx.d=rest""#
        )
    };
    let shown = |mode: &str, body: &str| {
        let mut site = Site::new(&rules(mode));
        let sent = Sent { headers: &[("Content-Type", "text/xml")], body, ..Sent::query("") };
        site.send(sent);
        site.send(sent);
        site.tx(&["a", "b", "c", "d"])
    };
    let body = "<r><l q='at'>\n<n>foo</n>\n<s:n xmlns:s='u'>bar</s:n><e/></l></r>";
    assert_eq!(shown("Off", body), "a= b=1 c=at d=");
    assert_eq!(shown("On", body), "a=|ARGS_POST:xml.r.l.n=foo|ARGS_POST:xml.r.l.n=bar b=1 c=at d=1");
    assert_eq!(shown("OnlyArgs", body), "a=|ARGS_POST:xml.r.l.n=foo|ARGS_POST:xml.r.l.n=bar b= c=at d=1");
    let mixed = "<r>one<b>two</b><![CDATA[th]]>ree</r>";
    assert_eq!(shown("OnlyArgs", mixed), "a=|ARGS_POST:xml.r=one|ARGS_POST:xml.r.b=two|ARGS_POST:xml.r=three b= c= d=");
    // Neither a limit nor an early end hides anything.
    let many = "<r><a>1</a><a>2</a><a>3</a><a>4</a><a>5</a><a>6</a><a>7</a><a>8</a></r>";
    assert!(shown("OnlyArgs", many).contains("|ARGS_POST:xml.r.a=6|ARGS_POST=78 "), "{}", shown("OnlyArgs", many));
    assert_eq!(shown("OnlyArgs", "<r><a>cut"), "a=|ARGS_POST:xml.r.a=cut b= c= d=");
    assert_eq!(shown("OnlyArgs", "<!DOCTYPE r [<!ENTITY x 'evil'>]><r/>"), "a=|ARGS_POST:xml=evil\n b= c= d=");
    let long = format!("<{0}>{1}</{0}>", "n".repeat(200_000), "<a>1</a>".repeat(5));
    assert!(shown("OnlyArgs", &long).ends_with("d=rest"), "names take a bounded number of bytes");
}
