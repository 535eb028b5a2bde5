//! The one-shot commands as a user types them: what they print, and what they end with.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use sekisho_e2e::{Acl, Certificate, Ran, sekisho};
use serde_json::Value;
use tempfile::TempDir;

const ATTACK: &[u8] =
    b"GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
const HARMLESS: &[u8] = b"GET /search?q=cat HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("attack.http"), ATTACK).expect("a file is written");
    fs::write(folder.path().join("harmless.http"), HARMLESS).expect("a file is written");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    sekisho(folder, arguments, b"").expect("the command runs to its end")
}

/// One line of standard output, and it is a JSON object.
fn one_line(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.matches('\n').count(), 1, "{ran:?}");
    assert!(ran.stdout.ends_with('\n'), "{ran:?}");
    let record: Value = serde_json::from_str(&ran.stdout).expect("the line is JSON");
    assert!(record.is_object(), "{record}");
    record
}

#[test]
fn check_explains_a_decision_to_people() {
    let folder = folder();
    let ran = run(folder.path(), &["check", "attack.http"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    for part in [
        "GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E from 127.0.0.1",
        "CrossSiteScripting_QUERYARGUMENTS  MATCH → Block",
        "q = \"<script>alert(1)</script>\"",
        "label awswaf:managed:aws:core-rule-set:CrossSiteScripting_QueryArguments",
        "BLOCK with status 403",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is missing:\n{}", ran.stdout);
    }
    let ran = run(folder.path(), &["check", "harmless.http"]);
    let second = ran.stdout.lines().nth(1);
    assert_eq!(second, Some("ALLOW by the default action: no rule ended evaluation"), "{ran:?}");
}

#[test]
fn check_prints_one_line_of_json() {
    let folder = folder();
    let record = one_line(&run(folder.path(), &["check", "--json", "attack.http"]));
    assert_eq!((&record["action"], &record["formatVersion"]), (&"BLOCK".into(), &1.into()));
    assert_eq!(record["terminatingRuleType"], "MANAGED_RULE_GROUP");
    assert_eq!(record["httpRequest"]["args"], "q=%3Cscript%3Ealert(1)%3C/script%3E");
    let record = one_line(&run(folder.path(), &["check", "--json", "harmless.http"]));
    assert_eq!((&record["action"], &record["terminatingRuleId"]), (&"ALLOW".into(), &"Default_Action".into()));
}

#[test]
fn check_takes_the_token_from_the_command_line() {
    let folder = folder();
    Acl::new("t").ask("Captcha", "/").write(folder.path(), "acl.json").expect("an ACL");
    let check = |arguments: &[&str]| {
        let all = [&["check", "--acl", "acl.json", "harmless.http"], arguments].concat();
        run(folder.path(), &all).stdout
    };
    let ran = check(&[]);
    for part in [
        "captcha  MATCH → Captcha",
        "asks for a solved CAPTCHA, good for 300 s",
        "the token, as a solved CAPTCHA: TOKEN_MISSING",
        "CAPTCHA with status 405 by rule captcha",
    ] {
        assert!(ran.contains(part), "{part:?} is missing:\n{ran}");
    }
    let solved = check(&["--captcha-solved-ago", "299s"]);
    assert!(solved.contains("as a solved CAPTCHA: good") && solved.contains("ALLOW by"), "{solved}");
    assert!(check(&["--captcha-solved-ago", "6m"]).contains("TOKEN_EXPIRED"));
    assert!(check(&["--challenge-solved-ago", "1s"]).contains("TOKEN_MISSING"));
    assert!(check(&["--token", "invalid"]).contains("TOKEN_INVALID"));
    assert!(check(&["--token", "domain-mismatch"]).contains("TOKEN_DOMAIN_MISMATCH"));
}

#[test]
fn check_reads_standard_input_and_the_same_comes_of_it() {
    let folder = folder();
    for (request, name) in [(ATTACK, "attack.http"), (HARMLESS, "harmless.http")] {
        let piped = sekisho(folder.path(), ["check", "-"], request).expect("the command runs");
        assert_eq!(piped, run(folder.path(), &["check", name]));
        let mut piped = one_line(&sekisho(folder.path(), ["check", "--json", "-"], request).expect("the command runs"));
        let mut read = one_line(&run(folder.path(), &["check", "--json", name]));
        piped["timestamp"] = Value::Null;
        read["timestamp"] = Value::Null;
        assert_eq!(piped, read);
    }
}

#[test]
fn check_takes_any_bytes_and_shows_none_of_them_raw() {
    let folder = folder();
    let mut request =
        b"POST /a%00\x1b[31m?\xff\x00=\x07 HTTP/1.1\r\nHost: shop.example\r\nX-\x1b: \x1b]0;x\x07\r\n".to_vec();
    request.extend(b"Content-Type: application/x-www-form-urlencoded\r\n\r\nq=\xe2\x80\xae\x1b[2J<script>\x00");
    let human = sekisho(folder.path(), ["check", "-"], &request).expect("the command runs");
    let control = |text: &str| text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
    assert!(matches!(human.code, Some(0 | 2)), "{human:?}");
    assert!(!control(&human.stdout) && !control(&human.stderr), "{human:?}");
    let json = sekisho(folder.path(), ["check", "--json", "-"], &request).expect("the command runs");
    assert_eq!(json.code, human.code);
    assert!(!control(&json.stdout) && !control(&json.stderr), "{json:?}");
}

#[test]
fn check_takes_what_a_lookup_would_tell_from_the_command_line() {
    let folder = folder();
    let statement = r#"{"AndStatement": {"Statements": [
        {"GeoMatchStatement": {"CountryCodes": ["JP"]}}, {"AsnMatchStatement": {"AsnList": [64500]}}]}}"#;
    let acl = Acl::new("places").block_query("never").text();
    let mut acl: Value = serde_json::from_str(&acl).expect("an ACL is JSON");
    acl["Rules"][0]["Statement"] = serde_json::from_str(statement).expect("a statement is JSON");
    fs::write(folder.path().join("acl.json"), acl.to_string()).expect("the ACL is written");
    let action = |more: &[&str]| {
        let arguments =
            [&["check", "--json", "--acl", "acl.json", "--client-ip", "2001:db8::7"], more, &["harmless.http"]];
        let record = one_line(&run(folder.path(), &arguments.concat()));
        assert_eq!(record["httpRequest"]["clientIp"], "2001:db8::7");
        record["action"].clone()
    };
    assert_eq!(action(&["--country", "JP", "--asn", "64500"]), "BLOCK");
    assert_eq!(action(&["--country", "US", "--asn", "64500"]), "ALLOW");
    assert_eq!(action(&["--country", "JP"]), "ALLOW");
    assert_eq!(action(&["--country", "JP", "--asn", "64500", "--origin", "alb", "--ja3", "a", "--ja4", "b"]), "BLOCK");
}

#[test]
fn what_cannot_be_checked_ends_with_two_and_says_why() {
    let folder = folder();
    fs::write(folder.path().join("broken.json"), "{\"Name\": ").expect("a file is written");
    for (arguments, parts) in [
        (&["check", "--json", "-"][..], &["standard input", "help: a request begins with"][..]),
        (&["check", "missing.http"], &["missing.http", "No such file"]),
        (&["check", "--acl", "missing.json", "attack.http"], &["missing.json", "No such file"]),
        (&["check", "--acl", "broken.json", "attack.http"], &["broken.json:1:", "^"]),
        (&["check", "--resources", "missing", "attack.http"], &["missing", "No such file"]),
        (&["check", "--country", "Japan", "attack.http"], &["--country", "two letters"]),
        (&["check", "--client-ip", "localhost", "attack.http"], &["--client-ip", "localhost"]),
        (&["check", "--origin", "elb", "attack.http"], &["elb", "alb"]),
        (&["check", "--colour", "attack.http"], &["--colour", "--country"]),
        (&["check"], &["REQUEST"]),
        (&["acl", "lint", "missing.json"], &["missing.json", "No such file"]),
        (&["seclang", "lint", "missing.conf"], &["missing.conf", "No such file"]),
        (&["seclang", "lint", "--crs", "missing"], &["missing", "cannot read the folder", "help: "]),
        (&["config", "check", "-c", "missing.toml"], &["missing.toml", "No such file"]),
        (&["chekc"], &["chekc", "check"]),
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{arguments:?} does not say {part:?}:\n{}", ran.stderr);
        }
    }
}

#[test]
fn lint_shows_every_error_with_its_place_and_a_way_out() {
    let folder = folder();
    let acl = Acl::new("shop").block_query("one").block_query("two").managed("AWSManagedRulesCommonRuleSet").text();
    let acl = acl
        .replacen("\"QueryString\"", "\"QueryStrin\"", 1)
        .replace("\"CONTAINS\"", "\"CONTAIN\"")
        .replace("CommonRuleSet", "CommonRuleSt")
        .replace("\"DefaultAction\"", "\"DefaultActoin\"");
    fs::write(folder.path().join("acl.json"), &acl).expect("the ACL is written");
    let ran = run(folder.path(), &["acl", "lint", "acl.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    for slip in ["\"QueryStrin\"", "\"CONTAIN\"", "\"DefaultActoin\""] {
        let places = acl.match_indices(slip).map(|(at, _)| {
            let before = &acl[..at];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            format!("acl.json:{}:{}", before.matches('\n').count() + 1, at - line_start + 1)
        });
        for place in places {
            assert!(ran.stderr.contains(&place), "{slip} at {place} is not reported:\n{}", ran.stderr);
        }
    }
    assert!(ran.stderr.contains("AWSManagedRulesCommonRuleSt"), "{}", ran.stderr);
    assert!(ran.stderr.matches("^").count() >= 5 && ran.stderr.contains("help: "), "{}", ran.stderr);
    let errors = ran.stderr.matches("error[").count();
    assert!(errors >= 5 && ran.stderr.contains(&format!("{errors} errors, ")), "{}", ran.stderr);
}

#[test]
fn lint_passes_a_good_web_acl_and_warns_where_it_is_doubtful() {
    let folder = folder();
    let acl = Acl::new("shop").block_query("one").managed("AWSManagedRulesCommonRuleSet");
    acl.write(folder.path(), "acl.json").expect("the ACL is written");
    let ran = run(folder.path(), &["acl", "lint", "acl.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "acl.json: 2 rules, usable\n"), "{ran:?}");
    // An override that names no rule of the group: AWS ignores it, so it is usable, and surely not what was meant.
    let mut doubtful: Value = serde_json::from_str(&acl.text()).expect("an ACL is JSON");
    doubtful["Rules"][1]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"] =
        serde_json::json!([{"Name": "NoSuchRule", "ActionToUse": {"Count": {}}}]);
    fs::write(folder.path().join("acl.json"), format!("{doubtful:#}")).expect("the ACL is written");
    let ran = run(folder.path(), &["acl", "lint", "acl.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("warning[") && ran.stderr.contains("NoSuchRule"), "{ran:?}");
}

#[test]
fn lint_warns_of_much_capacity_and_ends_at_the_limit() {
    let folder = folder();
    let acl = ["Common", "KnownBadInputs", "SQLi", "Common"]
        .iter()
        .fold(Acl::new("shop"), |acl, group| acl.managed(&format!("AWSManagedRules{group}RuleSet")));
    acl.write(folder.path(), "acl.json").expect("the ACL is written");
    let lint = |more: &[&str]| run(folder.path(), &[&["acl", "lint", "acl.json"], more].concat());
    let ran = lint(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "acl.json: 4 rules, usable\n"), "{ran:?}");
    assert!(ran.stderr.contains("warning[capacity]: the web ACL takes 1800 capacity units, more than 1500"), "{ran:?}");
    let ran = lint(&["--capacity-max", "1799"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("error[capacity]: the web ACL takes 1800 capacity units, more than 1799"), "{ran:?}");
}

#[test]
fn capacity_tells_what_each_rule_takes() {
    let folder = folder();
    let acl = Acl::new("shop").block_query("one").rate(100).managed("AWSManagedRulesSQLiRuleSet");
    acl.write(folder.path(), "acl.json").expect("the ACL is written");
    let ran = run(folder.path(), &["capacity", "--acl", "acl.json", "--json"]);
    assert_eq!(ran.stderr, "");
    let expected = serde_json::json!({
        "capacity": 212,
        "rules": {"query-one": 10, "rate": 2, "AWSManagedRulesSQLiRuleSet": 200},
    });
    assert_eq!(one_line(&ran), expected);
    let ran = run(folder.path(), &["capacity", "--acl", "acl.json"]);
    let table = "WCU  rule\n 10  query-one\n  2  rate\n200  AWSManagedRulesSQLiRuleSet\n212  the web ACL\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), table), "{ran:?}");
    // A group that does not ship has its price; one of nobody's has none.
    let linux = Acl::new("shop").managed("AWSManagedRulesLinuxRuleSet").text();
    fs::write(folder.path().join("acl.json"), &linux).expect("the ACL is written");
    let ran = run(folder.path(), &["capacity", "--acl", "acl.json", "--json"]);
    assert_eq!(one_line(&ran)["capacity"], 200);
    assert!(ran.stderr.contains("error[unknown-group]"), "{ran:?}");
    for unusable in [linux.replace("LinuxRuleSet", "OtherRuleSet"), "{}".to_owned(), linux.replace("Allow", "Alow")] {
        fs::write(folder.path().join("acl.json"), unusable).expect("it is written");
        let ran = run(folder.path(), &["capacity", "--acl", "acl.json", "--json"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.contains("error["), "{ran:?}");
    }
}

#[test]
fn lint_prints_json_for_programs() {
    let folder = folder();
    let lint = |acl: &str| {
        fs::write(folder.path().join("acl.json"), acl).expect("the ACL is written");
        let ran = run(folder.path(), &["acl", "lint", "acl.json", "--json"]);
        assert_eq!((ran.stderr.as_str(), ran.stdout.matches('\n').count()), ("", 1), "{ran:?}");
        (ran.code, serde_json::from_str::<Value>(&ran.stdout).expect("the line is JSON"))
    };
    let good = Acl::new("shop").managed("AWSManagedRulesSQLiRuleSet").text();
    let expected = serde_json::json!({"file": "acl.json", "usable": true, "rules": 1, "capacity": 200, "problems": []});
    assert_eq!(lint(&good), (Some(0), expected));
    let (code, found) = lint(&good.replace("SQLiRuleSet", "SQLRuleSet"));
    assert_eq!((code, &found["usable"], &found["rules"]), (Some(2), &false.into(), &Value::Null));
    let problem = &found["problems"][0];
    assert_eq!((&problem["severity"], &problem["code"]), (&"error".into(), &"unknown-group".into()));
    assert_eq!(
        (&problem["file"], &problem["help"]),
        (&"acl.json".into(), &"did you mean `AWSManagedRulesSQLiRuleSet`?".into())
    );
    assert!(problem["line"].as_u64() > Some(1) && problem["column"].as_u64() > Some(1), "{problem}");
}

#[test]
fn seclang_lint_tells_of_rules_what_acl_lint_tells_of_web_acls() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("the file is written");
    write("main.conf", "SecRuleEngine On\nInclude more/*.conf\nSecRuleRemoveById 7\n");
    fs::create_dir(folder.path().join("more")).expect("the folder is made");
    write("more/b.conf", "SecRule ARGS \"@pmFromFile words\" \"id:2,phase:2,deny\"\n");
    write("more/a.conf", "SecAction \"id:1,phase:1,pass,nolog\"\n");
    write("more/words", "union\nselect\n");
    let ran = run(folder.path(), &["seclang", "lint", "main.conf"]);
    let summary = "main.conf\nmore/a.conf\nmore/b.conf\n\
        3 files, 2 rules (phase 1: 1, phase 2: 1, phase 3: 0, phase 4: 0, phase 5: 0), usable\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), summary), "{ran:?}");
    assert!(ran.stderr.contains("warning[unknown-rule]: no rule has the number 7"), "{ran:?}");
    let ran = run(folder.path(), &["seclang", "lint", "more/a.conf"]);
    assert!(ran.stdout.contains("1 file, 1 rule (") && ran.stdout.contains(", usable, but switched off: "), "{ran:?}");
    for (named, complaint) in [("none", "cannot read the folder `none`"), ("main.conf", "`main.conf` is a file")] {
        let ran = run(folder.path(), &["seclang", "lint", "--crs", named]);
        assert!(ran.code == Some(2) && ran.stderr.contains(complaint), "{ran:?}");
    }
    let ran = run(folder.path(), &["seclang", "lint", "--json", "main.conf"]);
    let found = one_line(&ran);
    assert_eq!((&found["usable"], &found["rules"], &found["phases"]["2"]), (&true.into(), &2.into(), &1.into()));
    assert_eq!(found["problems"][0]["line"], 3);
    write(
        "more/b.conf",
        "SecRule ARGS \"@pmFromFile wrds\" \"id:2,phase:2,deny,t:lowercas\"\nSecRule ARGS a(?=b) id:1,phase:1,pass\n",
    );
    let ran = run(folder.path(), &["seclang", "lint", "main.conf"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    for part in [
        "more/b.conf:1:27",
        "cannot read `more/wrds`",
        "did you mean `lowercase`?",
        "more/b.conf:2:15",
        "rule 1 is there already, in more/a.conf:1",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = run(folder.path(), &["seclang", "lint", "--json", "main.conf"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let found = serde_json::from_str::<Value>(&ran.stdout).expect("the line is JSON");
    assert_eq!((&found["usable"], &found["rules"], &found["files"]), (&false.into(), &Value::Null, &Value::Null));
}

const GOOD: &str = r#"
[[listener]]
address = "127.0.0.1:0"

[[upstream]]
name = "shop"
servers = ["http://127.0.0.1:3000"]

[[route]]
upstream = "shop"
"#;

#[test]
fn config_check_says_everything_that_is_wrong() {
    let folder = folder();
    let write = |text: &str| fs::write(folder.path().join("sekisho.toml"), text).expect("a file is written");
    write(GOOD);
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "sekisho.toml is valid\n", ""));
    write(&GOOD.replace("address", "adress").replace("servers", "server").replace("upstream = ", "upstraem = "));
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    for part in ["sekisho.toml:3:1", "sekisho.toml:7:1", "sekisho.toml:10:1", "did you mean `address`?", "^"] {
        assert!(ran.stderr.contains(part), "{part:?} is missing:\n{}", ran.stderr);
    }
    write(&format!(
        "{}[rules]\nacl = \"missing.json\"\n",
        GOOD.replace("127.0.0.1:0", "localhost").replace("http:", "ftp:")
    ));
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for part in ["sekisho.toml:3:11", "sekisho.toml:7:12", "sekisho.toml:12:7", "3 errors"] {
        assert!(ran.stderr.contains(part), "{part:?} is missing:\n{}", ran.stderr);
    }
    // The rules it names are part of it.
    fs::write(folder.path().join("acl.json"), "{}").expect("a file is written");
    write(&format!("{GOOD}[rules]\nacl = \"acl.json\"\n"));
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("acl.json:1:1"), "{}", ran.stderr);
}

#[test]
fn config_check_looks_into_certificates() {
    let folder = folder();
    let tls = GOOD.replacen("\n\n", "\n\n[[listener.certificate]]\nchain = \"shop.crt\"\nkey = \"shop.key\"\n\n", 2);
    let tls = tls.replacen(
        "\n\n[[listener.certificate]]\nchain = \"shop.crt\"\nkey = \"shop.key\"\n\n[[route]]",
        "\n\n[[route]]",
        1,
    );
    fs::write(folder.path().join("sekisho.toml"), &tls).expect("a file is written");
    Certificate::write(folder.path(), "shop").expect("a certificate is made");
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!(ran.code, Some(0), "{tls}\n{ran:?}");
    fs::write(folder.path().join("shop.crt"), "no certificate").expect("a file is written");
    let ran = run(folder.path(), &["config", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("shop.crt"), "{ran:?}");
}

#[test]
fn config_schema_describes_every_key() {
    let folder = folder();
    let ran = run(folder.path(), &["config", "schema"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&ran.stdout).expect("the schema is JSON");
    for key in ["listener", "upstream", "route", "rules", "client", "records", "admin", "log", "limits", "data"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key} is not described");
    }
}

#[test]
fn a_service_that_cannot_start_ends_with_two_and_says_why() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it has an address").to_string();
    Certificate::write(folder.path(), "shop").expect("a certificate is made");
    Certificate::write(folder.path(), "other").expect("a certificate is made");
    fs::write(folder.path().join("file"), "no folder, no certificate").expect("a file is written");
    fs::write(folder.path().join("broken.json"), "{}").expect("a file is written");
    let in_use = [taken.as_str(), "in use"];
    let shop = "http://127.0.0.1:9";
    let free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let with = |more: &[&'static str]| [&["guard", shop], &free[..], more].concat();
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec!["guard"], &["URL"]),
        (vec!["guard", "ftp://shop.example"], &["ftp://shop.example", "help:", "http://"]),
        (vec!["guard", "shop.example:3000"], &["shop.example:3000", "help:", "http://"]),
        (vec!["guard", "http://127.0.0.1:3000/path"], &["http://127.0.0.1:3000/path", "help:"]),
        (vec!["guard", shop, "--listn", "127.0.0.1:0"], &["--listn", "--listen"]),
        (vec!["guard", shop, "--listen", "localhost"], &["--listen", "localhost"]),
        (vec!["guard", shop, "--listen", "192.0.2.1:0", "--admin", "127.0.0.1:0"], &["192.0.2.1:0", "assign"]),
        (vec!["guard", shop, "--listen", &taken, "--admin", "127.0.0.1:0"], &in_use),
        (vec!["guard", shop, "--listen", "127.0.0.1:0", "--admin", &taken], &in_use),
        (with(&["--tls-cert", "shop.crt"]), &["--tls-key"]),
        (with(&["--tls-cert", "no.crt", "--tls-key", "no.key"]), &["no.crt", "no.key", "2 errors"]),
        (with(&["--tls-cert", "file", "--tls-key", "shop.key"]), &["file", "certificate"]),
        (with(&["--tls-cert", "shop.crt", "--tls-key", "file"]), &["file", "key"]),
        (with(&["--tls-cert", "shop.crt", "--tls-key", "other.key"]), &["other.key", "the key does not fit"]),
        (with(&["--acl", "no.json"]), &["no.json"]),
        (with(&["--acl", "broken.json"]), &["broken.json:1:1", "^"]),
        (with(&["--country-db", "file"]), &["file", "MaxMind"]),
        (with(&["--reputation-list", "file"]), &["file:1:1", "192.0.2.1"]),
        (with(&["--data", "file"]), &["file"]),
        (vec!["run", "-c", "no.toml"], &["no.toml"]),
    ];
    for (arguments, parts) in cases {
        let ran = run(folder.path(), &arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{arguments:?} does not say {part:?}:\n{}", ran.stderr);
        }
        assert!(!ran.stderr.contains("panicked"), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn everything_unusable_is_said_at_once() {
    let folder = folder();
    fs::write(folder.path().join("file"), "no certificate").expect("a file is written");
    fs::write(folder.path().join("broken.json"), "{}").expect("a file is written");
    let arguments = ["guard", "ftp://shop.example", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let broken = ["--acl", "broken.json", "--tls-cert", "no.crt", "--tls-key", "file", "--reputation-list", "file"];
    let ran = run(folder.path(), &[&arguments[..], &broken].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for part in ["ftp://shop.example", "no.crt", "broken.json:1:1", "file:1:1"] {
        assert!(ran.stderr.contains(part), "{part:?} is missing:\n{}", ran.stderr);
    }
}

/// A web ACL in Terraform that blocks `needle`, and its set of addresses in a file of its own.
const MODULE: [(&str, &str); 2] = [
    (
        "waf.tf",
        r#"resource "aws_wafv2_web_acl" "shop" {
  name  = "shop"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "needle"
    priority = 1

    action {
      block {}
    }

    statement {
      and_statement {
        statement {
          byte_match_statement {
            search_string         = "cat"
            positional_constraint = "CONTAINS"

            field_to_match {
              query_string {}
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        statement {
          ip_set_reference_statement {
            arn = aws_wafv2_ip_set.here.arn
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "needle"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "shop"
    sampled_requests_enabled   = true
  }
}
"#,
    ),
    (
        "sets.tf",
        r#"resource "aws_wafv2_ip_set" "here" {
  name               = "here"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = ["127.0.0.0/8"]
}
"#,
    ),
];

#[test]
fn one_acl_decides_the_same_in_every_form() {
    let folder = folder();
    let module = folder.path().join("module");
    fs::create_dir(&module).expect("a folder is made");
    for (name, text) in MODULE {
        fs::write(module.join(name), text).expect("a file is written");
    }
    let blocked = |ran: &Ran| one_line(ran)["action"] == "BLOCK";
    let acl = "module/waf.tf";
    assert!(blocked(&run(folder.path(), &["check", "--json", "--acl", acl, "--resources", "module", "harmless.http"])));
    for (form, name) in [("json", "a.json"), ("cloudformation", "a.yaml"), ("readable", "a.yml"), ("terraform", "a.tf")]
    {
        let ran = run(folder.path(), &["acl", "convert", "module", "--to", form, "--out", name]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""), "{ran:?}");
        assert!(blocked(&run(folder.path(), &["check", "--json", "--acl", name, "harmless.http"])), "{form}");
        let elsewhere =
            run(folder.path(), &["check", "--json", "--acl", name, "--client-ip", "192.0.2.1", "harmless.http"]);
        assert!(!blocked(&elsewhere), "{form}");
        // And from there back to JSON, word for word what the module gives.
        let back = run(folder.path(), &["acl", "convert", name, "--to", "json"]);
        let straight = run(folder.path(), &["acl", "convert", "module", "--to", "json"]);
        if form == "cloudformation" {
            assert!(back.stdout.contains("/webacl/shop/Shop\""), "{}", back.stdout);
        } else {
            assert_eq!(back.stdout, straight.stdout, "{form}");
        }
    }
}

#[test]
fn what_cannot_be_converted_ends_with_two_and_points_into_the_file() {
    let folder = folder();
    let text = MODULE[0].1.replace("\"cat\"", "var.needle");
    fs::write(folder.path().join("waf.tf"), &text).expect("a file is written");
    let ran = run(folder.path(), &["acl", "convert", "waf.tf", "--to", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    let line = text.lines().position(|line| line.contains("var.needle")).expect("it is there") + 1;
    assert!(ran.stderr.contains(&format!("waf.tf:{line}:37")), "{}", ran.stderr);
    assert!(ran.stderr.contains("`var.needle` is not in these files"), "{}", ran.stderr);
    let order = Acl::new("shop")
        .block_query("one")
        .text()
        .replace("\"QueryString\": {}", "\"HeaderOrder\": {\"OversizeHandling\": \"MATCH\"}");
    let order = order.replace("\"QueryString\":{}", "\"HeaderOrder\":{\"OversizeHandling\":\"MATCH\"}");
    fs::write(folder.path().join("order.json"), order).expect("a file is written");
    let ran = run(folder.path(), &["acl", "convert", "order.json", "--to", "cloudformation"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("CloudFormation cannot express `HeaderOrder` of FieldToMatch"), "{}", ran.stderr);
}
