//! Resolves the `[lake]` table into what the lake and its feeds are told.

use std::path::PathBuf;
use std::time::Duration;

use sekisho_gather::Feed;
use sekisho_lake::{Policy, Settings, Storage};
use sekisho_model::Diagnostic;
use sekisho_seal::WitnessKey;
use sekisho_witness::Submission;

use super::super::places::Step;
use super::masks::{self, MasksConfig};
use super::sources::Sources;
use super::{Around, CopiesTable, LakeTable, Problem, StorageTable, WitnessTable};

/// Witnesses that a lake asks: each is asked every few seconds.
const WITNESSES_MAX: usize = 16;

/// The lake, checked.
#[derive(Debug)]
pub(crate) struct LakeConfig {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// How it works. The name is empty if a new lake is called after this host.
    pub(crate) settings: Settings,
    /// Whether this checkpoint's decisions go into it.
    pub(crate) decisions: bool,
    /// How long records are kept, and where.
    pub(crate) policy: Policy,
    /// How often small files are merged; never if none.
    pub(crate) compact_interval: Option<Duration>,
    /// How long a file stays after its merge.
    pub(crate) compact_grace: Duration,
    /// How often the policy is carried out; never if none.
    pub(crate) retain_interval: Option<Duration>,
    /// How long a stop waits.
    pub(crate) drain_timeout: Duration,
    /// What is masked.
    pub(crate) masks: MasksConfig,
    /// Where tables are; where the lake's folder says, if none.
    pub(crate) storage: Option<Storage>,
    /// Where signed states are copied to.
    pub(crate) checkpoint_copies: Option<Copies>,
    /// How often witnesses are asked, and states are copied.
    pub(crate) witness_interval: Duration,
    /// Who else signs.
    pub(crate) witnesses: Vec<Witness>,
    /// Where logs come from, besides this checkpoint.
    pub(crate) feeds: Vec<Feed>,
}

/// A bucket for copies of signed states.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    pub(crate) url: String,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) region: Option<String>,
}

/// Who is asked to sign.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    pub(crate) url: String,
    pub(crate) submission: Submission,
}

impl LakeConfig {
    /// Whether this checkpoint's decisions go into it.
    pub(crate) fn takes_decisions(&self) -> bool {
        self.decisions
    }
}

/// Resolves the table; tells everything that is wrong with it.
pub(in super::super) fn check(table: LakeTable, around: Around<'_>) -> (Option<LakeConfig>, Vec<Problem>) {
    let mut problems = Vec::new();
    if table.keep_days < table.hot_days {
        let (hot, keep) = (table.hot_days, table.keep_days);
        let message = format!("records are deleted after {keep} days, before the {hot} days of `hot_days` are over");
        let diagnostic =
            Diagnostic::error("keep-days", message).help("give `keep_days` at least the value of `hot_days`");
        problems.push(at(diagnostic, &["keep_days".into()]));
    }
    let folder = table.path.map_or_else(|| around.data.join("lake"), |path| around.base.join(path));
    let masks = masks::check(table.mask, around.base, &mut problems);
    let storage = table.storage.map(|table| storage(table, &mut problems));
    let checkpoint_copies = table.checkpoint_copies.map(|table| copies(table, &mut problems));
    let witnesses = witnesses(table.witness, &mut problems);
    let mut sources = Sources::new(around, &mut problems);
    let feeds = table.source.into_iter().enumerate().flat_map(|(at, table)| sources.feeds(table, at)).collect();
    let defaults = Settings::default();
    let settings = Settings {
        name: table.name.unwrap_or_default(),
        append: sekisho_append::Settings {
            sync_interval: Duration::from_millis(table.sync_interval_ms),
            ..defaults.append
        },
        commit_interval: Duration::from_millis(table.commit_interval_ms),
        checkpoint_interval: Duration::from_millis(table.checkpoint_interval_ms),
        uncommitted_bytes_max: table.uncommitted_bytes_max,
        ..defaults
    };
    let every = |seconds: u64| (seconds > 0).then(|| Duration::from_secs(seconds));
    let config = LakeConfig {
        folder,
        settings,
        decisions: table.decisions,
        policy: Policy { hot_days: table.hot_days, keep_days: table.keep_days },
        compact_interval: every(table.compact_interval_s),
        compact_grace: Duration::from_secs(table.compact_grace_s),
        retain_interval: every(table.retain_interval_s),
        drain_timeout: Duration::from_millis(table.drain_timeout_ms),
        masks,
        storage,
        checkpoint_copies,
        witness_interval: Duration::from_secs(table.witness_interval_s),
        witnesses,
        feeds,
    };
    (Some(config), problems)
}

/// A problem at a key of the table.
pub(super) fn at(diagnostic: Diagnostic, way: &[Step<'static>]) -> Problem {
    Problem { diagnostic, way: [&[Step::Key("lake")], way].concat() }
}

fn storage(table: StorageTable, problems: &mut Vec<Problem>) -> Storage {
    let StorageTable { tables, cold, endpoint_url, region, writers } = table;
    let way = |key| ["storage".into(), Step::Key(key)];
    for (key, url) in [("tables", &tables), ("cold", &cold)] {
        let problem = url.as_deref().and_then(bucket_problem);
        problems.extend(problem.map(|diagnostic| at(diagnostic, &way(key))));
    }
    problems.extend(endpoint_problem(endpoint_url.as_deref()).map(|diagnostic| at(diagnostic, &way("endpoint_url"))));
    if tables.is_none() && cold.is_none() {
        let diagnostic = Diagnostic::error("no-bucket", "a storage without a bucket");
        problems.push(at(diagnostic.help("give `tables`, `cold` or both, as s3://bucket/prefix"), &["storage".into()]));
    }
    Storage { tables, cold, endpoint_url, region, writers }
}

fn copies(table: CopiesTable, problems: &mut Vec<Problem>) -> Copies {
    let CopiesTable { url, endpoint_url, region } = table;
    let way = |key| ["checkpoint_copies".into(), Step::Key(key)];
    problems.extend(bucket_problem(&url).map(|diagnostic| at(diagnostic, &way("url"))));
    problems.extend(endpoint_problem(endpoint_url.as_deref()).map(|diagnostic| at(diagnostic, &way("endpoint_url"))));
    Copies { url, endpoint_url, region }
}

/// What is wrong with the URL of a bucket.
pub(super) fn bucket_problem(url: &str) -> Option<Diagnostic> {
    let bucket = url.strip_prefix("s3://").and_then(|place| place.split('/').next()).unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_bucket = !bucket.is_empty() && bucket.bytes().all(is_name);
    let diagnostic = || Diagnostic::error("bucket-url", format!("`{url}` is not the URL of a bucket"));
    (!is_bucket).then(|| diagnostic().help("write s3://bucket/prefix"))
}

/// What is wrong with the URL of a service.
pub(super) fn endpoint_problem(url: Option<&str>) -> Option<Diagnostic> {
    let is_web =
        |url: &str| url.strip_prefix("https://").or(url.strip_prefix("http://")).is_some_and(|host| !host.is_empty());
    let diagnostic = |url| Diagnostic::error("endpoint-url", format!("`{url}` is not the URL of a service"));
    let wrong = url.filter(|url| !is_web(url)).map(diagnostic);
    wrong.map(|diagnostic| diagnostic.help("write https://host or http://host:port"))
}

fn witnesses(tables: Vec<WitnessTable>, problems: &mut Vec<Problem>) -> Vec<Witness> {
    let mut witnesses: Vec<Witness> = Vec::new();
    if tables.len() > WITNESSES_MAX {
        let message = format!("{} witnesses, {WITNESSES_MAX} may be asked", tables.len());
        problems.push(at(Diagnostic::error("too-many", message), &["witness".into()]));
    }
    for (index, WitnessTable { url, key }) in tables.into_iter().enumerate() {
        let way = |key| ["witness".into(), Step::Index(index), Step::Key(key)];
        let key = match WitnessKey::from_text(key.trim()) {
            Ok(key) => key,
            Err(error) => {
                let diagnostic =
                    Diagnostic::error("witness-key", format!("this is not the public key of a witness: {error}"));
                problems.push(at(diagnostic.help("`sekisho witness` prints it when it starts"), &way("key")));
                continue;
            }
        };
        if witnesses.iter().any(|other| other.submission.key().name() == key.name()) {
            let message = format!("a second witness is called `{}`", key.name());
            problems.push(at(Diagnostic::error("duplicate-name", message), &way("key")));
        }
        match Submission::new(&url, key) {
            Ok(submission) => witnesses.push(Witness { url, submission }),
            Err(error) => problems.push(at(Diagnostic::error("witness-url", error.to_string()), &way("url"))),
        }
    }
    witnesses
}
