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

#[cfg(not(feature = "lake"))]
#[test]
fn a_program_without_the_lake_refuses_its_table_by_name() {
    let told = load(&format!("{GOOD}\n[lake]\n")).unwrap_err();
    assert!(told.contains("error[no-lake]") && told.contains("the feature `lake`"), "{told}");
}

#[cfg(feature = "lake")]
mod lake {
    use std::fs;

    use sekisho_gather::Feed;

    use super::*;

    #[test]
    fn an_empty_table_is_a_lake_in_the_data_folder() {
        let lake = load(&format!("{GOOD}\n[lake]\n")).unwrap().lake.unwrap();
        assert_eq!(lake.folder, Path::new("/nowhere/sekisho-data/lake"));
        assert!(lake.decisions && lake.feeds.is_empty());
        assert_eq!((lake.policy.hot_days, lake.policy.keep_days), (7, 400));
        assert!(load(GOOD).unwrap().lake.is_none());
    }

    #[test]
    fn sources_of_all_kinds_become_feeds() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nginx.log", "key", "chain.pem", "key.pem"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let text = format!(
            "{GOOD}
            [lake]
            [[lake.source]]
            format = \"nginx\"
            files = {{ path = \"nginx.log\" }}
            [[lake.source]]
            format = \"cloudtrail\"
            s3 = {{ url = \"s3://logs/AWSLogs\", queue = \"https://sqs.eu-west-1.amazonaws.com/1/q\" }}
            [[lake.source]]
            format = \"syslog\"
            syslog = {{ udp = \"127.0.0.1:5514\", tcp = \"127.0.0.1:5514\", tls = \"127.0.0.1:6514\", certificate = {{ chain = \"chain.pem\", key = \"key.pem\" }} }}
            [[lake.source]]
            format = \"alb\"
            firehose = {{ listen = \"127.0.0.1:8088\", access_key_file = \"key\" }}
            "
        );
        let config = Config::parse(&SourceFile::new("sekisho.toml", &text), folder.path());
        let config = config.map_err(|broken| broken.problems.render(false)).unwrap();
        let lake = config.lake.unwrap();
        let [Feed::Files(files), Feed::S3(s3), Feed::Syslog(syslog), Feed::Firehose(_)] = &lake.feeds[..] else {
            panic!("{:?}", lake.feeds)
        };
        assert_eq!((files.watch_ms, s3.poll_ms), (Some(1_000), None));
        assert_eq!((syslog.idle_ms, s3.late_ms), (3_600_000, 21_600_000));
    }

    #[test]
    fn every_wrong_value_of_the_lake_is_reported_at_once_with_its_place() {
        insta::assert_snapshot!(
            load(
                r#"
[[listener]]
address = "127.0.0.1:8080"

[[route]]
upstream = "shop"

[[upstream]]
name = "shop"
servers = ["http://127.0.0.1:3000"]

[lake]
hot_days = 30
keep_days = 20

[lake.storage]
cold = "logs/lake"
endpoint_url = "minio:9000"

[lake.mask]
names = ["not a name"]

[[lake.witness]]
url = "https://witness.example"
key = "no key"

[[lake.source]]
format = "cloudtrial"
files = { path = "missing" }

[[lake.source]]
format = "syslog"
syslog = { tcp = "0.0.0.0:8080" }

[[lake.source]]
format = "syslog"
syslog = {}

[[lake.source]]
format = "alb"
s3 = { url = "s3://logs/alb" }

[[lake.source]]
format = "alb"
s3 = { url = "s3://logs/" }

[[lake.source]]
format = "alb"

[[lake.source]]
format = "aws-waf"
files = { path = "sekisho-data/AWSLogs" }
"#
            )
            .unwrap_err()
        );
    }

    #[test]
    fn the_example_of_the_manual_is_a_configuration() {
        let manual = include_str!("../../../../docs/lake.md");
        let example = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["secrets", "syslog.crt", "syslog.key", "firehose.key"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::write(folder.path().join("keys.json"), r#"{"PublicKeyList":[{"Value":"MIIB"}]}"#).unwrap();
        // Only places differ from machine to machine.
        fs::create_dir(folder.path().join("nginx")).unwrap();
        let example = example.replace("/var/log/nginx", "nginx");
        let config = Config::parse(&SourceFile::new("sekisho.toml", &example), folder.path());
        let lake = config.map_err(|broken| broken.problems.render(false)).unwrap().lake.unwrap();
        assert_eq!((lake.feeds.len(), lake.witnesses.len()), (5, 1));
        assert_eq!(lake.storage.unwrap().cold.as_deref(), Some("s3://logs-of-shop/lake"));
    }
}
