//! The Core Rule Set as a rule group of a web ACL.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sekisho_e2e::{Checkpoint, Client, Origin, sekisho, shared_data};
use serde_json::{Value, json};

use super::{records, status};

/// A set of the same make as the Core Rule Set, small enough to see through.
const SETUP: &str = "SecRuleEngine On\nSecRequestBodyAccess On\n";
const RULES: &str = r#"
SecRule &TX:inbound_anomaly_score_threshold "@eq 0" "id:901100,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule ARGS "@contains evil" "id:942100,phase:2,pass,log,setvar:tx.inbound_anomaly_score=+5"
SecRule ARGS "@contains odd" "id:942110,phase:2,pass,log,setvar:tx.inbound_anomaly_score=+5"
SecRule TX:inbound_anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,log"
"#;

/// A folder that holds the set.
fn with_rules() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir_all(folder.path().join("crs/rules")).expect("a folder can be made");
    fs::write(folder.path().join("crs/crs-setup.conf"), SETUP).expect("the setup is written");
    fs::write(folder.path().join("crs/rules/all.conf"), RULES).expect("the rules are written");
    folder
}

/// A web ACL with the group, in which 942100 counts; behind it a rule that blocks `stop` where 942100 matched.
fn write_acl(folder: &Path, settings: &Value) {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "shop"});
    let acl = json!({
        "Name": "shop", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility,
        "ARN": "arn:aws:wafv2:ap-northeast-1:000000000000:regional/webacl/shop/00000000-0000-4000-8000-0000000000e2",
        "Rules": [
            {"Name": "crs", "Priority": 0, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility,
             "Statement": {"ManagedRuleGroupStatement": {
                "VendorName": "OWASP", "Name": "CoreRuleSet",
                "ManagedRuleGroupConfigs": [{"OWASPCoreRuleSet": settings}],
                "RuleActionOverrides": [{"Name": "942100", "ActionToUse": {"Count": {}}}]}}},
            {"Name": "after", "Priority": 1, "VisibilityConfig": visibility,
             "Action": {"Block": {"CustomResponse": {"ResponseCode": 410}}},
             "Statement": {"AndStatement": {"Statements": [
                {"LabelMatchStatement": {"Scope": "LABEL", "Key": "awswaf:managed:owasp:core-rule-set:942100"}},
                {"ByteMatchStatement": {"SearchString": "stop", "FieldToMatch": {"QueryString": {}},
                    "PositionalConstraint": "CONTAINS", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}]}}},
        ],
    });
    fs::write(folder.join("acl.json"), acl.to_string()).expect("the ACL is written");
}

#[test]
fn a_web_acl_names_the_core_rule_set_as_a_group() {
    let origin = Origin::start().expect("an origin starts");
    let folder = with_rules();
    write_acl(folder.path(), &json!({"InboundAnomalyScoreThreshold": 4}));
    let url = origin.url();
    let arguments =
        ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--acl", "acl.json", "--crs", "crs"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let targets = ["/?q=cat", "/?q=evil", "/?q=evil+odd", "/?q=evil+stop"];
    let statuses = targets.map(|target| status(&checkpoint, target));
    assert_eq!(statuses, [200, 200, 403, 410]);
    assert_eq!(origin.received().len(), 2);
    let records = records(&checkpoint, targets.len());
    let of = |query: &str| {
        let found = records.iter().find(|record| record["httpRequest"]["args"] == query);
        found.unwrap_or_else(|| panic!("no record of {query}: {records:#?}"))
    };
    let group = |query: &str| &of(query)["ruleGroupList"][0];
    assert_eq!(group("q=evil")["terminatingRule"], Value::Null);
    assert_eq!(group("q=evil")["nonTerminatingMatchingRules"][0]["ruleId"], "942100");
    assert_eq!(
        (&group("q=evil+odd")["ruleGroupId"], &group("q=evil+odd")["terminatingRule"]["ruleId"]),
        (&"OWASP#CoreRuleSet".into(), &"949110".into())
    );
    let label = json!({"name": "awswaf:managed:owasp:core-rule-set:942110"});
    assert!(of("q=evil+odd")["labels"].as_array().is_some_and(|labels| labels.contains(&label)), "{records:#?}");
    // What matched and the scores, and that the rules ran within the web ACL: no response is looked at.
    let seen = &of("q=evil+odd")["secLang"];
    let numbers: Vec<_> = seen["matchedRules"].as_array().into_iter().flatten().map(|rule| &rule["ruleId"]).collect();
    assert_eq!(numbers, [942_100, 942_110, 949_110], "{seen:#}");
    assert_eq!(
        (&seen["matchedRules"][1]["variable"], &seen["matchedRules"][1]["phase"]),
        (&json!("ARGS:q"), &json!(2))
    );
    assert!(records.iter().all(|record| record["secLang"]["responseStatus"].is_null()), "{records:#?}");
}

#[test]
fn what_rules_of_the_group_sanitise_neither_records_nor_samples_show() {
    let origin = Origin::start().expect("an origin starts");
    let folder = with_rules();
    write_acl(folder.path(), &json!({}));
    let sanitising =
        "SecRule ARGS:pin \"@streq none\" \"id:1,phase:2,pass,nolog,sanitiseArg:pin,sanitiseRequestHeader:x-key\"\n";
    fs::write(folder.path().join("own.conf"), sanitising).expect("the rules are written");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let arguments = arguments.into_iter().chain(["--acl", "acl.json", "--crs", "crs", "--seclang", "own.conf"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let request = b"GET /?q=evil&pin=4321 HTTP/1.1\r\nHost: shop.example\r\nX-Key: hush\r\n\r\n";
    assert_eq!(client.ask(request).expect("a reply comes").status, 200);
    let record = records(&checkpoint, 1)[0].to_string();
    let admin = checkpoint.admin().expect("the admin address is told").to_string();
    let samples = sekisho(checkpoint.folder(), ["samples", "--admin", &admin, "--rule", "ALL", "--json"], b"");
    let samples = samples.expect("the command ends").stdout;
    assert!(record.contains("q=evil&pin=REDACTED"), "{record}");
    for shown in [record, samples] {
        assert!(shown.contains("X-Key") && shown.contains("REDACTED"), "{shown}");
        assert!(!shown.contains("4321") && !shown.contains("hush"), "{shown}");
    }
}

#[test]
fn check_explains_the_core_rule_set_within_a_web_acl() {
    let Some(crs) = shared_data("crs") else { return };
    let crs = fs::canonicalize(crs).expect("the folder is there");
    let folder = tempfile::tempdir().expect("a folder can be made");
    write_acl(folder.path(), &json!({"ParanoiaLevel": 1}));
    let check = |query: &str, more: &[&str]| {
        let request =
            format!("GET /?q={query} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
        let arguments = [&["check", "--acl", "acl.json"], more, &["-"]].concat();
        sekisho(folder.path(), arguments, request.as_bytes()).expect("the command ends")
    };
    let with = ["--crs", crs.to_str().expect("the path is text")];
    let script = check("%3Cscript%3Ealert(1)%3C/script%3E", &with).stdout;
    for part in [
        "941100  CRITICAL  MATCH → Count",
        "XSS Attack Detected via libinjection",
        "949110  MATCH → Block",
        "inbound anomaly score 20 (20 of level 1",
        "by rule 949110 of crs",
    ] {
        assert!(script.contains(part), "{part:?} is missing:\n{script}");
    }
    let counted = check("1'%20or%20'1'='1", &with).stdout;
    assert!(counted.contains("942100  CRITICAL  MATCH → Count (overridden; was Count)"), "{counted}");
    let second = counted.lines().nth(1);
    assert_eq!(second, Some("ALLOW by the default action: no rule ended evaluation"), "{counted}");
    let without = check("cat", &[]);
    assert_eq!(without.code, Some(2), "{without:?}");
    assert!(without.stderr.contains("--crs DIR"), "{without:?}");
}

/// Reloads under load; every third web ACL does not name the group, so that its rules run behind it.
const RELOADS: usize = 60;
/// Reloads after which the memory a reload needs has been taken once.
const WARM_UP: usize = 15;
/// What 45 reloads may add: a few pages of fragments.
const GROWTH_KB_MAX: u64 = 8 * 1024;
const RELOAD_MAX: Duration = Duration::from_secs(20);

/// The web ACL of a round, and what it makes of an attack.
fn write_round(folder: &Path, round: usize) -> u16 {
    write_acl(folder, &json!({"InboundAnomalyScoreThreshold": 5}));
    let path = folder.join("acl.json");
    let text = fs::read_to_string(&path).expect("the ACL was written");
    let mut acl: Value = serde_json::from_str(&text).expect("it is JSON");
    let rules = acl["Rules"].as_array_mut().expect("it has rules");
    match round % 3 {
        // 942100 counts, and adds nothing.
        0 => return 200,
        1 => rules[0]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"] = json!([]),
        _ => rules.truncate(0),
    }
    fs::write(path, acl.to_string()).expect("the ACL is written");
    403
}

#[test]
fn reloads_under_load_put_the_group_in_and_out_and_fail_nothing() {
    let origin = Origin::start().expect("an origin starts");
    let folder = with_rules();
    write_round(folder.path(), 0);
    let url = origin.url();
    let arguments =
        ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--acl", "acl.json", "--crs", "crs"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let stop = AtomicBool::new(false);
    let mut warm_kb = 0;
    let sent = std::thread::scope(|scope| {
        let client = || {
            let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
            let mut sent = 0;
            while !stop.load(Ordering::SeqCst) {
                assert_eq!(client.get("/?q=cat").expect("no request fails").status, 200);
                let status = client.get("/?q=evil").expect("no request fails").status;
                assert!(matches!(status, 200 | 403), "{status}");
                sent += 2;
                std::thread::sleep(Duration::from_millis(1));
            }
            sent
        };
        let clients = [scope.spawn(client), scope.spawn(client)];
        // Also when an assertion here fails, so that the clients end.
        let _stop = StopOnDrop(&stop);
        for round in 1..=RELOADS {
            let expected = write_round(checkpoint.folder(), round);
            reload(&checkpoint);
            assert_eq!(status(&checkpoint, "/?q=evil"), expected, "round {round}");
            assert_eq!(status(&checkpoint, "/?q=cat"), 200, "round {round}");
            if round == WARM_UP {
                warm_kb = checkpoint.resident_kb().expect("the checkpoint runs");
            }
        }
        stop.store(true, Ordering::SeqCst);
        clients.map(|client| client.join().expect("a client fails nothing")).iter().sum::<usize>()
    });
    let end_kb = checkpoint.resident_kb().expect("the checkpoint runs");
    assert!(end_kb <= warm_kb + GROWTH_KB_MAX, "from {warm_kb} kB to {end_kb} kB");
    assert!(sent > RELOADS, "{sent} requests");
    // Each request left one record, wherever the rules were.
    let all = records(&checkpoint, sent + 2 * RELOADS);
    assert_eq!(all.len(), sent + 2 * RELOADS);
    assert!(all.iter().all(|record| record["secLang"].is_object()));
}

/// Asks for a reload and waits until the log tells of it.
fn reload(checkpoint: &Checkpoint) {
    let told = || checkpoint.log().matches("new rules are in force").count();
    let before = told();
    checkpoint.signal("HUP").expect("the checkpoint runs");
    let begun = Instant::now();
    while told() == before {
        assert!(begun.elapsed() < RELOAD_MAX, "no reload:\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(2));
    }
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
