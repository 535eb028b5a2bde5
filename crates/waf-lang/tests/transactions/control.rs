//! `ctl`.

use sekisho_waf::ir::phased::{AuditEngine, AuditParts};

use crate::site::{Sent, Site, check};

#[test]
fn targets_are_left_out_of_chosen_rules() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveTargetById=3;ARGS:foo"
           SecRule ARGS "@streq 1" "id:2,phase:2,pass,nolog,setvar:'tx.a=%{tx.a};%{MATCHED_VAR_NAME}'"
           SecRule ARGS "@streq 1" "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'""#,
        "foo=1&bar=1",
        "a=;ARGS:foo;ARGS:bar b=;ARGS:bar c= d= e=",
    );
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveTargetById=3;ARGS"
           SecRule ARGS "@streq 1" "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'""#,
        "foo=1&bar=1",
        "a= b= c= d= e=",
    );
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.q_one=1,setvar:tx.q_two=1,ctl:ruleRemoveTargetById=3;TX:q_one"
           SecRule TX:/^q_/ "@streq 1" "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'""#,
        "",
        "a= b=;TX:q_two c= d= e=",
    );
}

#[test]
fn a_tag_is_the_whole_tag() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveTargetByTag=tagg;ARGS:bar"
           SecRule ARGS "@streq 1" "id:3,phase:2,pass,nolog,tag:taggg,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'"
           SecRule ARGS "@streq 1" "id:4,phase:2,pass,nolog,tag:tagg,setvar:'tx.c=%{tx.c};%{MATCHED_VAR_NAME}'""#,
        "Foo=1&bar=1",
        "a= b=;ARGS:Foo;ARGS:bar c=;ARGS:Foo d= e=",
    );
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveByTag=tagg"
           SecRule ARGS "@streq 1" "id:3,phase:2,pass,nolog,tag:taggg,setvar:'tx.b=%{tx.b};%{MATCHED_VAR_NAME}'"
           SecRule ARGS "@streq 1" "id:4,phase:2,pass,nolog,tag:tagg,setvar:'tx.c=%{tx.c};%{MATCHED_VAR_NAME}'"
           SecAction "id:5,phase:2,pass,nolog,tag:tagg,setvar:tx.d=ran""#,
        "Foo=1&bar=1",
        "a= b=;ARGS:Foo;ARGS:bar c= d= e=",
    );
}

/// Source: ModSecurity Reference Manual, `ctl`: the tag is an expression.
#[test]
fn a_tag_may_be_an_expression() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveByTag=^attack-(?:a|b)$"
           SecAction "id:3,phase:2,pass,nolog,tag:attack-a,setvar:tx.a=ran"
           SecAction "id:4,phase:2,pass,nolog,tag:attack-c,setvar:tx.b=ran"
           SecAction "id:5,phase:2,pass,nolog,tag:'attack-%{ARGS.x}',setvar:tx.c=ran"
           SecAction "id:6,phase:2,pass,nolog,tag:'attack-%{ARGS.y}',setvar:tx.d=ran""#,
        "x=b&y=c",
        "a= b=ran c= d=ran e=",
    );
}

#[test]
fn messages_choose_rules() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,ctl:ruleRemoveByMsg=gone"
           SecAction "id:2,phase:2,pass,nolog,msg:'gone',setvar:tx.a=ran"
           SecAction "id:3,phase:2,pass,nolog,msg:'gone too',setvar:tx.b=ran""#,
        "",
        "a= b=ran c= d= e=",
    );
}

#[test]
fn nothing_changes_before_the_whole_chain_matched() {
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,nolog,ctl:ruleRemoveById=3,chain"
             SecRule ARGS:x "@streq 2" "t:none"
           SecRule ARGS "@streq 1" "id:3,phase:2,pass,nolog,setvar:tx.b=ran""#,
        "x=1",
        "a= b=ran c= d= e=",
    );
    check(
        r#"SecRule ARGS:x "@streq 1" "id:1,phase:2,pass,nolog,ctl:ruleRemoveById=3-4,chain"
             SecRule ARGS:x "!@streq 2" "ctl:ruleRemoveById=5"
           SecAction "id:3,phase:2,pass,nolog,setvar:tx.a=ran"
           SecAction "id:4,phase:2,pass,nolog,setvar:tx.b=ran"
           SecAction "id:5,phase:2,pass,nolog,setvar:tx.c=ran"
           SecAction "id:6,phase:2,pass,nolog,setvar:tx.d=ran""#,
        "x=1",
        "a= b= c= d=ran e=",
    );
}

#[test]
fn rules_read_a_body_as_they_choose_to() {
    let mut site = Site::new(
        r#"SecRule REQUEST_HEADERS:Content-Type "@streq x/json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
           SecRule REQUEST_HEADERS:Content-Type "@streq x/none" "id:2,phase:1,pass,nolog,ctl:requestBodyAccess=Off"
           SecRule ARGS:json.q "@rx ." "id:3,phase:2,pass,nolog,setvar:tx.a=%{MATCHED_VAR},setvar:tx.b=%{REQBODY_PROCESSOR}"
           SecRule REQUEST_BODY "@rx ." "id:4,phase:2,pass,nolog,setvar:tx.c=seen""#,
    );
    let body = r#"{"q":"tea"}"#;
    site.send(Sent { headers: &[("Content-Type", "x/json")], body, ..Sent::query("") });
    assert_eq!(site.tx(&["a", "b"]), "a=tea b=JSON");
    site.send(Sent { headers: &[("Content-Type", "x/none")], body, ..Sent::query("") });
    assert_eq!(site.tx(&["a", "b", "c"]), "a= b= c=");
    assert_eq!(site.transaction().request_body_wanted(), None);
}

#[test]
fn a_transaction_leaves_the_engine_or_only_looks_on() {
    let rules = r#"SecRule ARGS:x "@streq off" "id:1,phase:1,pass,nolog,ctl:ruleEngine=Off"
        SecRule ARGS:x "@streq look" "id:2,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly"
        SecAction "id:3,phase:2,deny,log,msg:'no',setvar:tx.a=ran"
        SecAction "id:4,phase:5,pass,nolog,setvar:tx.b=ran""#;
    let mut site = Site::new(rules);
    for (query, stopped, tx) in
        [("x=off", false, "a= b="), ("x=look", false, "a=ran b=ran"), ("x=on", true, "a=ran b=ran")]
    {
        assert_eq!(site.send(Sent::query(query)).is_some(), stopped, "{query}");
        assert_eq!(site.tx(&["a", "b"]), tx, "{query}");
    }
}

#[test]
fn rules_decide_on_the_audit_log() {
    let mut site = Site::new(
        r#"SecAuditEngine RelevantOnly
           SecAuditLogParts ABZ
           SecRule ARGS:x "@streq 1" "id:1,phase:1,pass,nolog,ctl:auditEngine=On,ctl:auditLogParts=+E,ctl:auditLogParts=-B""#,
    );
    site.send(Sent::query("x=1"));
    assert_eq!(site.transaction().audit_engine(), AuditEngine::On);
    assert_eq!(Some(site.transaction().audit_parts()), AuditParts::of("AEZ"));
    site.send(Sent::query("x=2"));
    assert_eq!(site.transaction().audit_engine(), AuditEngine::RelevantOnly);
    assert_eq!(Some(site.transaction().audit_parts()), AuditParts::of("ABZ"));
}
