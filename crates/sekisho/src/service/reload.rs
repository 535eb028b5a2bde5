//! Rules replaced while the service runs: whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use sekisho_edge::metrics::ReloadKind;

use super::Service;
use crate::rules;
use crate::rules::seclang::Looked;
use crate::watch::Snapshot;

/// Looks after the files of rules.
pub(super) struct Reloader {
    seen: Snapshot,
    /// What the files looked like when a change was noticed: they are read once they look the same twice, so that a file
    /// is not read half written.
    changing: Option<Snapshot>,
    /// The files and folders that rules in phases come from: their files include others.
    looked: Looked,
}

impl Reloader {
    pub(super) fn new(service: &Service) -> Self {
        let mut reloader = Self { seen: Snapshot::default(), changing: None, looked: service.looked.clone() };
        reloader.seen = reloader.look(service);
        reloader
    }

    fn look(&self, service: &Service) -> Snapshot {
        Snapshot::take(service.files().chain(self.looked.iter().map(PathBuf::as_path)))
    }

    /// Reloads if the files changed and have settled.
    pub(super) fn reload_if_changed(&mut self, service: &Service) {
        let now = self.look(service);
        if now == self.seen {
            self.changing = None;
        } else if self.changing.as_ref() == Some(&now) {
            self.reload(service);
        } else {
            self.changing = Some(now);
        }
    }

    /// Reloads rules, certificates and the keys of tokens. Rules that cannot be used change nothing, and are reported.
    pub(super) fn reload(&mut self, service: &Service) {
        self.seen = self.look(service);
        self.changing = None;
        service.running.reload_certificates();
        service.running.reopen_audit_log();
        match service.keys.reload() {
            Ok(Some(keys)) => service.tokens.replace_keys(keys),
            Ok(None) => {}
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!("the new token keys cannot be used; the old ones stay in force");
            }
        }
        let mut looked = Looked::new();
        let loaded = rules::load_following(&service.rules, &mut looked);
        if looked != self.looked {
            // Also those of rules that cannot be used: a change to one of them may be what is missing.
            self.looked = looked;
            self.seen = self.look(service).unless_known(&self.seen);
        }
        match loaded {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    tracing::warn!("{warning}");
                }
                service.running.reload_places(loaded.places);
                service.running.reload_rules(Arc::clone(&loaded.rule_set), loaded.phased.clone(), loaded.logging);
                // Not before it is true: whoever deploys rules waits for this line.
                let policy = loaded.rule_set.policy();
                let seclang = loaded.phased.as_ref().map(rules::seclang::summary).map(tracing::field::display);
                tracing::info!(acl = policy.name, rules = policy.rules.len(), seclang, "new rules are in force");
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!("the new rules cannot be used; the old ones stay in force");
                service.metrics.edge.reload_failed(ReloadKind::Acl);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    use sekisho_edge::Witness;
    use sekisho_model::SourceFile;
    use sekisho_waf::Decision;

    use super::*;
    use crate::config::Config;

    #[derive(Default)]
    struct LastRecord(Mutex<serde_json::Value>);

    impl Witness for LastRecord {
        fn decided(&self, _: Decision, record: &[u8]) {
            *self.0.lock().unwrap() = serde_json::from_slice(record).unwrap();
        }
    }

    struct Running {
        service: Service,
        reloader: Reloader,
        last: Arc<LastRecord>,
    }

    impl Running {
        fn start(folder: &Path) -> Self {
            let text = "listener = [{address = \"127.0.0.1:0\"}]\nroute = [{pages = \".\"}]\nrecords.enabled = false\nadmin.address = \"127.0.0.1:0\"\n\
                        client.trusted_proxies = [\"127.0.0.1/32\"]\n\
                        rules = {country_db = \"country.mmdb\", ddos_list = \"ddos\", reconnaissance_list = \"scan\", acl = \"acl.json\"}\n";
            let config = Config::parse(&SourceFile::new("sekisho.toml", text), folder);
            let config = config.unwrap_or_else(|broken| panic!("{}", broken.problems.render(false)));
            let last = Arc::new(LastRecord::default());
            let witness: Arc<dyn Witness> = Arc::clone(&last) as _;
            let service = Service::start(config, Some(witness)).unwrap_or_else(|_| panic!("the service starts"));
            let reloader = Reloader::new(&service);
            Self { service, reloader, last }
        }

        /// Looks at the files as often as it takes for a change to be seen and to have settled.
        fn look(&mut self) {
            self.reloader.reload_if_changed(&self.service);
            self.reloader.reload_if_changed(&self.service);
        }

        /// The record of a request from a client.
        fn record_of(&self, client: &str) -> serde_json::Value {
            let mut stream = TcpStream::connect(self.service.addresses()[0]).unwrap();
            let head = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: {client}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            self.last.0.lock().unwrap().clone()
        }

        fn country_of(&self, client: &str) -> String {
            self.record_of(client)["httpRequest"]["country"].as_str().unwrap().to_owned()
        }
    }

    fn database(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/geo").join(name)
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("ddos", "203.0.113.99\n");
        put("scan", "# none\n");
        let visibility = r#"{"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "m"}"#;
        put(
            "acl.json",
            &format!(
                r#"{{"Name": "a", "ARN": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1", "DefaultAction": {{"Allow": {{}}}},
                "VisibilityConfig": {visibility}, "Rules": [{{"Name": "lists", "Priority": 0, "OverrideAction": {{"None": {{}}}},
                "VisibilityConfig": {visibility}, "Statement": {{"ManagedRuleGroupStatement":
                {{"VendorName": "AWS", "Name": "AWSManagedRulesAmazonIpReputationList"}}}}}}]}}"#
            ),
        );
        fs::copy(database("country.mmdb"), folder.path().join("country.mmdb")).unwrap();
        folder
    }

    #[test]
    fn databases_of_places_are_read_again_and_broken_ones_are_not_used() {
        let folder = folder();
        let mut running = Running::start(folder.path());
        assert_eq!(running.country_of("203.0.113.7"), "JP");

        fs::write(folder.path().join("country.mmdb"), "no database").unwrap();
        running.look();
        assert_eq!(running.country_of("203.0.113.7"), "JP");
        let failed = running.service.metrics.encode();
        assert!(failed.lines().any(|line| line.contains("acl") && line.contains("failure") && line.ends_with(" 1")));

        fs::copy(database("asn.mmdb"), folder.path().join("country.mmdb")).unwrap();
        running.look();
        assert_eq!(running.country_of("203.0.113.7"), "-");
    }

    #[test]
    fn lists_of_addresses_fill_the_rules_of_their_group() {
        let folder = folder();
        let mut running = Running::start(folder.path());
        let labels = |running: &Running| running.record_of("203.0.113.99")["labels"].to_string();
        assert!(labels(&running).contains("amazon-ip-list:AWSManagedIPDDoSList"), "{}", labels(&running));
        fs::write(folder.path().join("ddos"), "# none\n").unwrap();
        fs::write(folder.path().join("scan"), "203.0.113.0/24\n").unwrap();
        running.look();
        assert!(labels(&running).contains("amazon-ip-list:AWSManagedReconnaissanceList"), "{}", labels(&running));
    }
}
