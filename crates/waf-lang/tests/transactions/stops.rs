//! What stops a transaction.

use sekisho_waf::transaction::InterventionKind;

use crate::site::{Sent, Site};

#[test]
fn a_refusal_happens_after_everything_else_the_rule_does() {
    let mut site = Site::new(
        r#"SecAction "id:1,phase:2,deny,status:451,log,msg:'d',setvar:tx.a=ran"
           SecAction "id:2,phase:2,pass,nolog,setvar:tx.b=ran"
           SecAction "id:3,phase:3,pass,nolog,setvar:tx.c=ran"
           SecAction "id:4,phase:5,pass,nolog,setvar:tx.d=ran""#,
    );
    let stopped = site.send(Sent::query("")).unwrap();
    assert_eq!((stopped.kind, stopped.status, stopped.rule), (InterventionKind::Deny, 451, Some(1)));
    assert_eq!(site.tx(&["a", "b", "c", "d"]), "a=ran b= c= d=ran");
}

#[test]
fn the_client_is_sent_elsewhere() {
    let mut site = Site::new(
        r#"SecRule ARGS:to "@rx ." "id:1,phase:1,redirect:http://e.example/%{ARGS.to},status:307,nolog"
           SecAction "id:2,phase:1,redirect:http://e.example/,log,msg:x""#,
    );
    let stopped = site.send(Sent::query("to=tea")).unwrap();
    assert_eq!(stopped.kind, InterventionKind::Redirect("http://e.example/tea".to_owned()));
    assert_eq!(stopped.status, 307);
    assert_eq!(site.send(Sent::query("")).unwrap().status, 302);
    assert!(
        site.log()[0].starts_with("ModSecurity: Access denied with code 302 (phase 1).  [file"),
        "{:?}",
        site.log()
    );
}

#[test]
fn a_connection_is_dropped() {
    let mut site = Site::new(r#"SecAction "id:1,phase:1,drop,log,msg:x""#);
    let stopped = site.send(Sent::query("")).unwrap();
    assert_eq!((stopped.kind, stopped.status), (InterventionKind::Drop, 403));
}

#[test]
fn a_block_is_what_the_default_says() {
    let mut site = Site::new(
        r#"SecDefaultAction "phase:1,deny,status:406,log"
           SecRule REQUEST_METHOD "@streq GET" "id:1,phase:1,block,msg:x""#,
    );
    assert_eq!(site.send(Sent::query("")).unwrap().status, 406);
}

#[test]
fn looking_on_stops_nothing_and_says_so() {
    let mut site = Site::new("SecRuleEngine DetectionOnly\nSecAction \"id:3,phase:2,deny,log,msg:dd\"");
    assert_eq!(site.send(Sent::query("")), None);
    assert!(site.log()[0].starts_with("ModSecurity: Warning.  [file"), "{:?}", site.log());
}

#[test]
fn an_engine_that_is_off_does_nothing() {
    let mut site = Site::new("SecRuleEngine Off\nSecAction \"id:1,phase:5,pass,log,setvar:tx.a=1\"");
    assert_eq!(site.send(Sent::query("")), None);
    assert_eq!((site.tx(&["a"]), site.log().len()), ("a=".to_owned(), 0));
}

/// Source: ModSecurity Reference Manual, `SecRequestBodyLimitAction`.
#[test]
fn a_body_over_its_limit_is_refused_unless_part_of_it_will_do() {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let sent = Sent { headers: &form, body: "a=12345678", over_limit: true, ..Sent::query("") };
    let rule = r#"SecRule ARGS:a "@streq 12345678" "id:1,phase:2,pass,nolog,setvar:tx.a=%{INBOUND_DATA_ERROR}""#;
    let mut site = Site::new(&format!("SecRequestBodyLimit 10\nSecRequestBodyLimitAction Reject\n{rule}"));
    let stopped = site.send(sent).unwrap();
    assert_eq!((stopped.status, stopped.rule), (413, None));
    assert_eq!(site.tx(&["a"]), "a=");
    for setting in ["SecRequestBodyLimitAction ProcessPartial", "SecRuleEngine DetectionOnly"] {
        let mut site = Site::new(&format!("SecRequestBodyLimit 10\n{setting}\n{rule}"));
        assert_eq!(site.send(sent), None, "{setting}");
        assert_eq!(site.tx(&["a"]), "a=1", "{setting}");
    }
}

#[test]
fn responses_are_stopped_too() {
    let mut site = Site::new(
        r#"SecRule RESPONSE_BODY "@contains secret" "id:1,phase:4,deny,status:502,log,msg:'x'"
           SecRule RESPONSE_STATUS "@streq 200" "id:2,phase:3,pass,nolog,setvar:tx.a=200""#,
    );
    assert_eq!(site.send(Sent { response: "all is well", ..Sent::query("") }), None);
    assert_eq!(site.tx(&["a"]), "a=200");
    assert_eq!(site.send(Sent { response: "a secret", ..Sent::query("") }).unwrap().status, 502);
    assert_eq!(site.transaction().response_body_wanted(), None);
}
