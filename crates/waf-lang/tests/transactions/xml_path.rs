//! What `XML:` chooses.

use sekisho_waf::transaction::Judging;
use sekisho_waf_lang::seclang::{Entry, LoadOptions, NoFiles, load};
use serde_json::Value;

use crate::site::{Sent, Site};

const READ: &str =
    "SecRule REQUEST_HEADERS:Host \"@unconditionalMatch\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n";
const NAMESPACES: &str = "xmlns:s=http://s,xmlns:t=http://t,xmlns:d=http://d,xmlns:p=http://p,xmlns:xml=http://www.w3.org/XML/1998/namespace";

fn document(body: &str) -> Sent<'_> {
    Sent { body, ..Sent::query("") }
}

/// All values that an expression chooses, each in brackets.
fn chosen(path: &str, body: &str, judging: Judging) -> String {
    let rules = format!(
        "{READ}SecRule XML:{path} \"@unconditionalMatch\" \"id:2,phase:2,pass,nolog,setvar:'tx.v=%{{tx.v}}[%{{MATCHED_VAR}}]',{NAMESPACES}\""
    );
    let mut site = Site::judging(&rules, judging);
    site.send(document(body));
    site.tx(&["v"]).strip_prefix("v=").expect("it is named").to_owned()
}

/// The documents and expressions of the fixture are made up by hand and by chance; what they choose is what libmodsecurity 3.0.9
/// (libxml2 2.9.14) chose.
#[test]
fn expressions_choose_what_they_choose_in_libmodsecurity() {
    let fixture: Vec<Value> = serde_json::from_str(include_str!("../fixtures/seclang/xml-path.json")).expect("JSON");
    assert!(fixture.len() > 60);
    for case in &fixture {
        let body = case["document"].as_str().expect("a text");
        for (path, expected) in case["chosen"].as_object().expect("a map") {
            for judging in [Judging::Plain, Judging::Both] {
                assert_eq!(Some(chosen(path, body, judging).as_str()), expected.as_str(), "{path} of {body}");
            }
        }
    }
}

#[test]
fn logs_call_a_value_by_its_expression_and_rules_remove_it_by_that() {
    let rules = |ctl: &str| {
        format!(
            "{READ}SecAction \"id:2,phase:1,pass,nolog{ctl}\"\n\
             SecRule XML:/a/b|XML://@c \"@streq 1\" \"id:3,phase:2,pass,nolog,setvar:'tx.n=%{{tx.n}} %{{MATCHED_VAR_NAME}}'\"\n\
             SecRule &XML:/a/b \"@eq 2\" \"id:4,phase:2,pass,nolog,setvar:tx.count=2\""
        )
    };
    let told = |ctl: &str| {
        let mut site = Site::new(&rules(ctl));
        site.send(document("<a><b>1</b><b c='1'>2</b></a>"));
        site.tx(&["n", "count"])
    };
    assert_eq!(told(""), "n= XML:/a/b XML://@c count=2");
    assert_eq!(told(",ctl:ruleRemoveTargetById=3;XML:/a/b"), "n= XML://@c count=2");
}

#[test]
fn what_is_read_before_an_error_counts() {
    assert_eq!(chosen("/a/b", "<a><b>1</b><b>2", Judging::Both), "[1][2]");
    assert_eq!(chosen("//b/@c", "<a><b c='1'/><b c='2'", Judging::Both), "[1]");
}

#[test]
fn a_rule_that_chooses_too_much_has_the_body_refused() {
    let failed = |path: &str, body: &str| {
        let rules = format!(
            "SecRequestBodyNoFilesLimit 10000000\n{READ}SecRule XML:{path} \"@streq none\" \"id:2,phase:2,pass,nolog\"\n\
             SecRule REQBODY_ERROR \"@eq 1\" \"id:3,phase:2,deny,status:400,log,msg:'%{{REQBODY_ERROR_MSG}}'\""
        );
        let mut site = Site::new(&rules);
        let stopped = site.send(document(body)).is_some();
        let message =
            site.transaction().matches().next().map(|matched| String::from_utf8_lossy(matched.message).into_owned());
        assert_eq!(stopped, message.is_some());
        message.unwrap_or_default()
    };
    let nested = |depth: usize| format!("{}{}{}", "<a>".repeat(depth), "x".repeat(4_000), "</a>".repeat(depth));
    assert_eq!(failed("//a", &nested(10)), "");
    assert!(failed("//a", &nested(200)).contains("more than 16 times the document"));
    assert!(failed("//b", &format!("<a>{}</a>", "<b/>".repeat(10_001))).contains("more than 10000 values"));
    assert_eq!(failed("//b", &format!("<a>{}</a>", "<b/>".repeat(10_000))), "");
    let declared: String = (0..300).map(|number| format!(" xmlns:n{number}='u'")).collect();
    assert!(failed("//b", &format!("<a{declared}/>")).contains("more than 256 namespaces"));
}

#[test]
fn what_is_beyond_names_in_a_row_is_refused() {
    let problems = |rule: &str| {
        let loaded = load(&[Entry::text("t.conf", rule)], &NoFiles, &LoadOptions::default());
        loaded.diagnostics.into_iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    let rule = |targets: &str, actions: &str| {
        problems(&format!("SecRule {targets} \"@rx a\" \"id:1,phase:2,deny{actions}\"\n"))
    };
    assert_eq!(rule("XML:/a[1]", ""), ["unsupported-xpath"]);
    assert_eq!(rule("XML://s:a", ""), ["unknown-prefix"]);
    assert_eq!(rule("XML://s:a", ",xmlns:s=urn:s"), [""; 0]);
    assert_eq!(rule("XML:/a", ",xmlns:s"), ["invalid-namespace"]);
    assert_eq!(rule("XML:/*|!XML:/a/b", ""), ["unsupported-xpath"]);
    assert_eq!(rule("XML:/a/b|XML:/c|!XML:/a/b", ""), [""; 0]);
}
