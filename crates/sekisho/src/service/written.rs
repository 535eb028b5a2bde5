//! The configuration file as it was at the start. Rules, lists and certificates that it names are read again, and so are the lake's sources; what else it says itself comes
//! into force with a restart, and whoever changes it and asks for a reload is told so.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The table of the lake.
const LAKE: &str = "lake";

/// A configuration file and what it said.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    table: toml::Table,
}

impl Written {
    /// Reads it.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { path: path.to_owned(), table: table(path)? })
    }

    /// Tells what has changed.
    pub(super) fn tell_changes(&self) {
        let path = self.path.display();
        match table(&self.path) {
            Ok(now) => {
                let changed = changed(&self.table, &now);
                if !changed.is_empty() {
                    let changed = changed.join(", ");
                    tracing::warn!(changed, "{path} has changed: this comes into force with a restart");
                }
            }
            Err(error) => tracing::error!("{error:#}; what it said at the start stays in force"),
        }
    }
}

fn table(path: &Path) -> anyhow::Result<toml::Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    text.parse().with_context(|| format!("failed to read {}", path.display()))
}

/// The first keys whose values differ, in order.
fn changed<'t>(before: &'t toml::Table, now: &'t toml::Table) -> Vec<&'t str> {
    let keys: std::collections::BTreeSet<&str> = before.keys().chain(now.keys()).map(String::as_str).collect();
    let differs = |key: &&str| match (before.get(*key), now.get(*key)) {
        (Some(toml::Value::Table(before)), Some(toml::Value::Table(now))) if *key == LAKE => {
            without_sources(before) != without_sources(now)
        }
        (before, now) => before != now,
    };
    keys.into_iter().filter(differs).collect()
}

/// Sources come and go without a restart.
fn without_sources(lake: &toml::Table) -> toml::Table {
    let mut lake = lake.clone();
    lake.remove("source");
    lake
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn what_differs_is_named_by_its_first_key() {
        let table = |text: &str| text.parse::<toml::Table>().unwrap();
        let before = table("data = 'a'\n[lake]\nhot_days = 7\n[[lake.source]]\nformat = 'alb'\n[admin]\n");
        let now = table("data = 'a'\n[lake]\nhot_days = 7\n[[lake.source]]\nformat = 'nginx'\n[log]\n");
        assert_eq!(changed(&before, &now), ["admin", "log"]);
        let now = table("data = 'a'\n[lake]\nhot_days = 8\n[admin]\n");
        assert_eq!(changed(&before, &now), ["lake"]);
        assert_eq!(changed(&before, &table("data = 'a'\n[admin]\n")), ["lake"]);
        assert!(changed(&now, &now).is_empty());
    }
}
