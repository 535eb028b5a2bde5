//! What is recorded, shown and sampled, as the operator asks for it: logging configurations, data protection, samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sekisho_e2e::{Acl, Checkpoint, Client, Origin, decisions, decisions_once, in_ci, sekisho};
use serde_json::{Value, json};

const RECORDS_MS_MAX: u64 = 15_000;
const RELOAD_MS_MAX: u64 = 20_000;
const STOP_MS_MAX: u64 = 30_000;
const ARN: &str = "arn:aws:wafv2:ap-northeast-1:000000000000:regional/webacl/shop/00000000-0000-4000-8000-0000000000e2";
/// printf 000000000000hunter2 | openssl dgst -sha256 -binary | base64
const HUNTER2_HASH: &str = "eHvauq0Hn4WXGFe1Huxz+/lGZ8tNetHa614369AvJrA=";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// A web ACL that blocks queries with `attack`, and protects a header, an argument and a cookie.
fn write_acl(folder: &Path) {
    let mut acl: Value = serde_json::from_str(&Acl::new("shop").block_query("attack").text()).expect("it is JSON");
    let protected = |kind: &str, key: &str, action: &str| json!({"Field": {"FieldType": kind, "FieldKeys": [key]}, "Action": action});
    acl["DataProtectionConfig"] = json!({"DataProtections": [
        protected("SINGLE_HEADER", "X-Key", "HASH"),
        protected("SINGLE_QUERY_ARGUMENT", "pass", "SUBSTITUTION"),
        protected("SINGLE_COOKIE", "session", "HASH"),
    ]});
    fs::write(folder.join("acl.json"), acl.to_string()).expect("the ACL is written");
}

/// A logging configuration that keeps what was blocked, and whatever else `default` says.
fn write_logging(folder: &Path, arn: &str, default: &str) {
    let configuration = json!({"LoggingConfiguration": {
        "ResourceArn": arn,
        "LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-shop"],
        "RedactedFields": [{"UriPath": {}}],
        "LoggingFilter": {"DefaultBehavior": default, "Filters": [{
            "Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
        }]},
    }});
    let new = folder.join("logging.json.new");
    fs::write(&new, configuration.to_string()).expect("the configuration is written");
    fs::rename(new, folder.join("logging.json")).expect("it is put in place");
}

fn ask(client: &mut Client<std::net::TcpStream>, target: &str) -> u16 {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: shop.example\r\nX-Key: hunter2\r\nCookie: session=hunter2; other=hunter2\r\n\r\n"
    );
    client.ask(request.as_bytes()).expect("a reply comes").status
}

#[test]
fn records_and_samples_keep_what_they_are_told_to() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    write_acl(folder.path());
    write_logging(folder.path(), ARN, "DROP");
    let config = format!(
        "data = \"kept\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         [[upstream]]\nname = \"shop\"\nservers = [\"{}\"]\n[[route]]\nupstream = \"shop\"\n\
         [rules]\nacl = \"acl.json\"\n[admin]\naddress = \"127.0.0.1:0\"\n[records]\nlogging = \"logging.json\"\n",
        origin.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run"]).expect("the checkpoint starts");
    let admin = checkpoint.admin().expect("it has one");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    for (target, status) in [("/quiet?pass=hunter2", 200), ("/loud?attack&pass=hunter2", 403)] {
        assert_eq!(ask(&mut client, target), status);
    }
    let kept = checkpoint.folder().join("kept");
    let records = decisions_once(&kept, RECORDS_MS_MAX, |records| !records.is_empty()).expect("records are readable");
    assert_eq!(records.len(), 1, "{records:?}");
    let request = &records[0]["httpRequest"];
    assert_eq!((&request["uri"], &request["args"]), (&json!("REDACTED"), &json!("attack&pass=REDACTED")));
    assert_eq!(request["headers"][1]["value"], HUNTER2_HASH);
    assert_eq!(request["headers"][2]["value"], format!("session={HUNTER2_HASH}; other=REDACTED"));
    let metrics = Client::get_once(admin, "/metrics").expect("a reply comes").body;
    assert!(metrics.contains("sekisho_records_filtered_total 1\n"), "{metrics}");
    assert!(metrics.contains("BlockedRequests_total{WebACL=\"shop\",Rule=\"ALL\"} 1\n"), "{metrics}");
    // Samples are not redacted, and protected all the same.
    let admin = admin.to_string();
    let samples = |arguments: &[&str]| {
        let arguments = ["samples", "--admin", &admin].into_iter().chain(arguments.iter().copied());
        sekisho(checkpoint.folder(), arguments, b"").expect("it ends")
    };
    let ran = samples(&["--rule", "Default_Action", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let answer: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_response(&answer);
    let sample = &answer["SampledRequests"][0]["Request"];
    assert_eq!((&sample["URI"], &sample["Headers"][1]["Value"]), (&json!("/quiet"), &json!(HUNTER2_HASH)));
    let table = samples(&[]).stdout;
    for line in ["shop (default action): 1 request", "ALLOW   127.0.0.1  -        GET     /quiet", "/loud"] {
        assert!(table.contains(line), "no {line:?} in\n{table}");
    }
    let refused = samples(&["--rule", "nowhere"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("no rule has the metric name \"nowhere\"; known are ALL"), "{}", refused.stderr);
    drop(client);
    checkpoint.signal("TERM").expect("the checkpoint runs");
    let (_, folder) = checkpoint.wait(STOP_MS_MAX).expect("it stops");
    let records = decisions(&folder.path().join("kept")).expect("no line is torn");
    assert!(!format!("{records:?}{table}{answer}").contains("hunter2"));
}

#[test]
fn a_logging_configuration_is_read_again_when_it_changes() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    write_acl(folder.path());
    write_logging(folder.path(), ARN, "DROP");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--logging", "logging.json"];
    let arguments =
        arguments.into_iter().chain(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "kept"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    assert_eq!(ask(&mut client, "/before"), 200);
    write_logging(checkpoint.folder(), ARN, "KEEP");
    let started = Instant::now();
    while !checkpoint.log().contains("new rules are in force") {
        assert!(started.elapsed() < Duration::from_millis(RELOAD_MS_MAX), "no reload:\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(ask(&mut client, "/after"), 200);
    let kept = checkpoint.folder().join("kept");
    let records = decisions_once(&kept, RECORDS_MS_MAX, |records| !records.is_empty()).expect("records are readable");
    assert_eq!(records.len(), 1, "{records:?}");
}

#[test]
fn a_logging_configuration_of_another_web_acl_is_refused() {
    let folder = folder();
    write_acl(folder.path());
    let other = ARN.replace("shop", "blog");
    write_logging(folder.path(), &other, "KEEP");
    let arguments = ["guard", "http://127.0.0.1:9", "--acl", "acl.json", "--logging", "logging.json"];
    let ran = sekisho(folder.path(), arguments, b"").expect("it ends");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains(ARN) && ran.stderr.contains(&other), "{}", ran.stderr);
}

/// Holds an answer against the API model.
fn assert_response(answer: &Value) {
    #[expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let file = shared.join("data/aws-waf/wafv2-model.json");
    let Ok(text) = fs::read(&file) else {
        assert!(!in_ci(), "{} is missing", file.display());
        tell_of_skip(&file);
        return;
    };
    let model: Value = serde_json::from_slice(&text).expect("the model is JSON");
    assert_shape(&model["shapes"], "GetSampledRequestsResponse", answer);
}

#[expect(clippy::print_stderr, reason = "who runs the tests is told what was not tested")]
fn tell_of_skip(missing: &Path) {
    eprintln!("skipped: {} is missing", missing.display());
}

fn assert_shape(shapes: &Value, name: &str, value: &Value) {
    let shape = &shapes[name];
    match shape["type"].as_str().expect("a shape has a type") {
        "structure" => {
            for (member, inner) in value.as_object().unwrap_or_else(|| panic!("{name}: {value}")) {
                let of = shape["members"][member]["shape"].as_str().unwrap_or_else(|| panic!("{name}.{member}"));
                assert_shape(shapes, of, inner);
            }
            for required in shape["required"].as_array().into_iter().flatten() {
                assert!(value.get(required.as_str().expect("a name")).is_some(), "{name} without {required}");
            }
        }
        "list" => {
            let of = shape["member"]["shape"].as_str().expect("a list has members");
            value.as_array().expect("a list").iter().for_each(|item| assert_shape(shapes, of, item));
        }
        "string" => assert!(value.is_string(), "{name}: {value}"),
        "timestamp" | "long" | "integer" => assert!(value.is_number(), "{name}: {value}"),
        other => panic!("{name} is a {other}"),
    }
}
