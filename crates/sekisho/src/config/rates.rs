//! The `[rates]` table: how the counters of rate-based rules are kept, and with whom they are shared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use schemars::JsonSchema;
use sekisho_edge::metrics::RateMetrics;
use sekisho_edge::rate::{CounterStore, Endpoint, EndpointError, FleetCounters, FleetSettings, RateCounters};
use sekisho_model::{Clock, Diagnostic};
use serde::Deserialize;

/// Bytes of a file with a password or a secret.
const SECRET_BYTES_MAX: u64 = 4096;
/// A shorter secret could be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// Counters of rate-based rules.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RatesTable {
    /// Keys counted at a time, all rules together; the one not seen for longest makes room. About 550 bytes each.
    #[schemars(range(min = 1024, max = 10_000_000))]
    pub(super) keys_max: usize,
    /// Valkey or Redis server that a fleet counts together through: `redis://host:6379/0`, or `rediss://` for TLS.
    /// Without it, each edge counts for itself.
    pub(super) store: Option<String>,
    /// File with the store's password.
    pub(super) password_file: Option<PathBuf>,
    /// Environment variable with the store's password.
    pub(super) password_env: Option<String>,
    /// PEM file of the authorities that a `rediss://` store is checked against. Default: the Web's.
    pub(super) authorities: Option<PathBuf>,
    /// File with a secret of the fleet, 16 bytes or more, that keeps whoever reads the store from finding out addresses.
    pub(super) secret_file: Option<PathBuf>,
    /// How often counts are exchanged, in milliseconds.
    #[schemars(range(min = 50, max = 500))]
    pub(super) exchange_interval_ms: u64,
}

impl Default for RatesTable {
    fn default() -> Self {
        Self {
            keys_max: 65_536,
            store: None,
            password_file: None,
            password_env: None,
            authorities: None,
            secret_file: None,
            exchange_interval_ms: 200,
        }
    }
}

/// How counters are kept, checked.
#[derive(Debug, Clone)]
pub(crate) struct RatesConfig {
    keys_max: usize,
    fleet: Option<FleetConfig>,
}

#[derive(Debug, Clone)]
struct FleetConfig {
    endpoint: Endpoint,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    secret_file: Option<PathBuf>,
    exchange_interval_ms: u64,
}

/// What is wrong with the table: the key it is about, and whether its text may be shown.
pub(super) struct Problem {
    pub(super) diagnostic: Diagnostic,
    pub(super) key: Option<&'static str>,
}

/// Checks the table; paths in it start at `base`.
pub(super) fn check(table: RatesTable, base: &Path) -> (RatesConfig, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut problem = |key, diagnostic| problems.push(Problem { diagnostic, key: Some(key) });
    let RatesTable { keys_max, store, password_file, password_env, authorities, secret_file, .. } = table;
    let of_store = [
        ("password_file", password_file.is_some()),
        ("password_env", password_env.is_some()),
        ("authorities", authorities.is_some()),
        ("secret_file", secret_file.is_some()),
    ];
    for (key, _) in of_store.iter().filter(|(_, is_given)| *is_given && store.is_none()) {
        let message = format!("`{key}` is about a `store`, and none is given");
        problem(*key, Diagnostic::error("no-store", message));
    }
    if password_file.is_some() && password_env.is_some() {
        let diagnostic = Diagnostic::error("two-passwords", "the password comes from a file or from the environment");
        problem("password_env", diagnostic.help("give one of `password_file` and `password_env`"));
    }
    let [password_file, authorities, secret_file] =
        [("password_file", password_file), ("authorities", authorities), ("secret_file", secret_file)].map(
            |(key, path)| {
                let path = base.join(path?);
                if let Err(error) = std::fs::File::open(&path) {
                    let message = format!("cannot read {}: {error}", path.display());
                    problem(key, Diagnostic::error("unreadable-file", message));
                }
                Some(path)
            },
        );
    let endpoint = store.and_then(|url| match Endpoint::parse(&url) {
        Ok(endpoint) => Some(endpoint.with_authorities(authorities)),
        Err(error) => {
            let diagnostic = Diagnostic::error("store-url", error.to_string());
            // The text holds a secret: it is not shown.
            let (key, help) = match error {
                EndpointError::Password => (None, "in `[rates]`, give it by `password_file` or `password_env`"),
                _ => (Some("store"), "such as redis://store.internal:6379/0, or rediss:// for TLS"),
            };
            problems.push(Problem { diagnostic: diagnostic.help(help), key });
            None
        }
    });
    let fleet = endpoint.map(|endpoint| FleetConfig {
        endpoint,
        password_file,
        password_env,
        secret_file,
        exchange_interval_ms: table.exchange_interval_ms,
    });
    (RatesConfig { keys_max, fleet }, problems)
}

impl Default for RatesConfig {
    fn default() -> Self {
        Self { keys_max: RatesTable::default().keys_max, fleet: None }
    }
}

impl RatesConfig {
    /// Sets the counters up, and starts their exchange if they are shared.
    pub(crate) fn counters(
        &self,
        clock: Arc<dyn Clock>,
        metrics: &RateMetrics,
    ) -> anyhow::Result<Arc<dyn CounterStore>> {
        let Some(fleet) = &self.fleet else { return Ok(Arc::new(RateCounters::new(self.keys_max))) };
        let password = match (&fleet.password_file, &fleet.password_env) {
            (Some(path), _) => Some(secret(path)?),
            (None, Some(name)) => {
                #[expect(clippy::disallowed_methods, reason = "the binary is the room that reads the environment")]
                let password = std::env::var(name);
                Some(password.with_context(|| format!("failed to read the store's password from `{name}`"))?)
            }
            (None, None) => None,
        };
        let secret = fleet.secret_file.as_deref().map(secret).transpose()?;
        if let (Some(secret), Some(path)) = (&secret, &fleet.secret_file) {
            let (length, name) = (secret.len(), path.display());
            anyhow::ensure!(
                length >= SECRET_BYTES_MIN,
                "the secret in {name} is shorter than {SECRET_BYTES_MIN} bytes"
            );
        }
        let settings = FleetSettings {
            endpoint: fleet.endpoint.clone().with_password(password),
            secret: secret.map(String::into_bytes),
            exchange_interval_ms: fleet.exchange_interval_ms,
        };
        Ok(Arc::new(FleetCounters::start(self.keys_max, settings, clock, metrics.clone())?))
    }
}

/// The first line of a file.
fn secret(path: &Path) -> anyhow::Result<String> {
    let text = || -> std::io::Result<String> {
        let file = std::fs::File::open(path)?;
        std::io::read_to_string(std::io::Read::take(file, SECRET_BYTES_MAX))
    };
    let text = text().with_context(|| format!("failed to read {}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use sekisho_edge::clock::SystemClock;
    use sekisho_edge::rate::Sharing;

    use super::*;

    fn table(text: &str) -> RatesTable {
        toml::from_str(text).unwrap()
    }

    fn codes(text: &str, base: &Path) -> Vec<(&'static str, Option<&'static str>)> {
        check(table(text), base).1.into_iter().map(|problem| (problem.diagnostic.code, problem.key)).collect()
    }

    #[test]
    fn without_a_store_an_edge_counts_for_itself() {
        let (config, problems) = check(table(""), Path::new("/nowhere"));
        assert!(problems.is_empty());
        let counters = config.counters(Arc::new(SystemClock), &RateMetrics::default()).unwrap();
        assert_eq!(counters.sharing(), Sharing::Own);
    }

    #[test]
    fn every_mistake_is_told_at_its_key() {
        let here = Path::new("/nowhere");
        assert_eq!(codes("store = 'http://a'", here), [("store-url", Some("store"))]);
        assert_eq!(codes("password_env = 'A'", here), [("no-store", Some("password_env"))]);
        let both = "store = 'redis://a'\npassword_env = 'A'\npassword_file = 'missing'";
        assert_eq!(
            codes(both, here),
            [("two-passwords", Some("password_env")), ("unreadable-file", Some("password_file"))]
        );
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let (_, problems) = check(table("store = 'redis://:s3cret@a'"), Path::new("/nowhere"));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].key.is_none() && !format!("{:?}", problems[0].diagnostic).contains("s3cret"));
    }

    #[test]
    fn secrets_come_from_files_and_must_be_long() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "s3cret\n").unwrap();
        std::fs::write(folder.path().join("short"), "0123456789\n").unwrap();
        let text = "store = 'redis://127.0.0.1:1'\npassword_file = 'password'\nsecret_file = 'short'";
        let (config, problems) = check(table(text), folder.path());
        assert!(problems.is_empty());
        assert!(!format!("{config:?}").contains("s3cret"));
        let error = config.counters(Arc::new(SystemClock), &RateMetrics::default()).unwrap_err();
        assert!(error.to_string().contains("shorter than 16 bytes"), "{error}");
        std::fs::write(folder.path().join("short"), "0123456789abcdef\n").unwrap();
        let counters = config.counters(Arc::new(SystemClock), &RateMetrics::default()).unwrap();
        assert!(matches!(counters.sharing(), Sharing::Lost { .. }));
    }
}
