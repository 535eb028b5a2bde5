//! Configuration files, good and broken.

use std::path::Path;

use sekisho_model::SourceFile;

use super::Config;

fn load(text: &str) -> Result<Config, String> {
    Config::parse(&SourceFile::new("sekisho.toml", text), Path::new("/nowhere"))
        .map_err(|broken| broken.problems.render(false))
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
fn a_small_file_is_enough() {
    let config = load(GOOD).unwrap();
    assert_eq!(config.edge.routes.len(), 1);
    assert_eq!(config.data, Path::new("/nowhere/sekisho-data"));
    assert_eq!(config.records.flush_interval_ms, 1_000);
}

#[test]
fn every_slip_of_shape_is_reported_at_once_with_its_place() {
    insta::assert_snapshot!(
        load(
            r#"
daat = "x"
workers = 0

[[listener]]
adress = "127.0.0.1:0"

[[upstream]]
name = 3
servers = []
protocol = "http11"

[limits]
headers_max = 100000

[records]
overflow = "block"
"#
        )
        .unwrap_err()
    );
}

#[test]
fn every_wrong_value_is_reported_at_once_with_its_place() {
    insta::assert_snapshot!(
        load(
            r#"
[[listener]]
address = "localhost:8080"
proxy_protocol_from = ["10.0.0.0/8", "ten"]

[[upstream]]
name = "shop"
servers = ["127.0.0.1:3000"]

[[route]]
host = "shop:80"
upstream = "shpo"

[[route]]
path = "/pay"

[rules]
acl = "missing.json"

[records]
account = "12"
"#
        )
        .unwrap_err()
    );
}

#[test]
fn broken_syntax_has_a_place() {
    let text = load("listener = [\n").unwrap_err();
    assert!(text.contains("error[toml-syntax]") && text.contains("sekisho.toml:"), "{text}");
}

#[test]
fn tokens_have_their_keys_in_the_data_folder_unless_a_file_is_named() {
    let tokens = load(GOOD).unwrap().tokens;
    assert_eq!((tokens.keys.path(), tokens.work_bits), (Path::new("/nowhere/sekisho-data/token.keys"), 16));
    let told = load(&format!("{GOOD}\n[tokens]\nkey_file = \"keys\"\nwork_bits = 23\n")).unwrap_err();
    assert!(told.contains("`work_bits` is out of range") && told.contains("from 8 to 22"), "{told}");
    let told = load(&format!("{GOOD}\n[tokens]\nkey_file = \"keys\"\n")).unwrap_err();
    assert!(told.contains("cannot read /nowhere/keys"), "{told}");
}
