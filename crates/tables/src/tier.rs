//! One table in one place: a Delta table.
//!
//! The table is made when it is first written. What is known of it is kept and brought up to date from the commits since.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, LogicalFileView, Transaction};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError, TableProperty};
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use tokio::sync::Mutex;

use crate::chance::chance;
use crate::error::TablesError;
use crate::location::Location;
use crate::name::TableName;
use crate::schema::DAY;
use crate::snapshot::DataFile;
use crate::statistics::{Statistics, WITH_STATISTICS};

/// Folder of the filters of words, beside the days.
const WORDS: &str = "_words";
/// Commits after which the log is summed up in a checkpoint: reading a table takes no more commits than these.
const CHECKPOINT_COMMITS: &str = "50";
/// How long commits are kept that a checkpoint has summed up, and so how long a reader may hold on to an old version.
const LOG_KEPT: &str = "interval 1 day";

/// What a table has in one place.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) version: u64,
    pub(crate) files: Vec<DataFile>,
}

#[derive(Debug, Default)]
struct State {
    delta: Option<DeltaTable>,
    listing: Option<Arc<Listing>>,
}

/// A table in a place.
#[derive(Debug)]
pub(crate) struct Tier {
    number: usize,
    table: TableName,
    location: Location,
    log_store: LogStoreRef,
    state: Mutex<State>,
}

/// What tables know the number of the last compactor's lease as.
const COMPACTION: &str = "sekisho compaction";
/// Tries of a commit that removes files, if others commit at the same time. Each has to read what they did.
const EXACT_TRIES: u32 = 50;
/// The longest pause between two of them, by chance: those who were in each other's way part.
const EXACT_PAUSE_MS: u64 = 100;

/// What a table is told with a commit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark<'a> {
    /// Nothing.
    None,
    /// How far an application has written: its name, and a number that only grows.
    Progress(&'a str, i64),
    /// The number of a compactor's lease: a table that knows a greater one refuses.
    Lease(Option<i64>),
}

impl Tier {
    pub(crate) fn new(number: usize, table: TableName, location: &Location) -> Self {
        let below = location.path([table.as_str()]);
        let prefixed: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(location.store()), below));
        let url = location.table_url(table.as_str());
        let root = Arc::clone(location.store());
        let log_store = default_logstore(prefixed, root, &url, &StorageConfig::default());
        Self { number, table, location: location.clone(), log_store, state: Mutex::default() }
    }

    pub(crate) fn table(&self) -> TableName {
        self.table
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        self.location.store()
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(DeltaTableError) -> TablesError {
        let (table, location) = (self.table.as_str(), self.location.url().to_string());
        move |source| TablesError::Delta { action, table, location, source: Box::new(source) }
    }

    /// Brings what is known up to date. None if the table was never written.
    async fn load<'s>(&self, state: &'s mut State) -> Result<Option<&'s mut DeltaTable>, TablesError> {
        if state.delta.is_none() {
            let table = DeltaTable::new(Arc::clone(&self.log_store));
            if !table.verify_deltatable_existence().await.map_err(self.failed("find"))? {
                return Ok(None);
            }
            state.delta = Some(table);
        }
        let delta = state.delta.as_mut().expect("found above");
        if let Err(error) = delta.update_state().await {
            // What was known may be what is wrong: the next try begins anew.
            *state = State::default();
            return Err(self.failed("read")(error));
        }
        Ok(state.delta.as_mut())
    }

    /// What the table has now. None if it was never written.
    pub(crate) async fn list(&self) -> Result<Option<Arc<Listing>>, TablesError> {
        let mut state = self.state.lock().await;
        let Some(delta) = self.load(&mut state).await? else { return Ok(None) };
        let snapshot = delta.snapshot().map_err(self.failed("read"))?;
        let version = snapshot.version();
        if let Some(listing) = state.listing.as_ref().filter(|listing| listing.version == version) {
            return Ok(Some(Arc::clone(listing)));
        }
        let delta = state.delta.as_ref().expect("loaded above");
        let snapshot = delta.snapshot().map_err(self.failed("read"))?;
        let before = state.listing.as_ref().map(|listing| listing.files.as_slice()).unwrap_or_default();
        let before: HashMap<&str, &DataFile> = before.iter().map(|file| (file.name(), file)).collect();
        let log = snapshot.log_data();
        let listed = log.iter().map(|view| match before.get(&*view.path()) {
            Some(known) => Ok((*known).clone()),
            None => self.file(&view),
        });
        let listing = Arc::new(Listing { version, files: listed.collect::<Result<_, _>>()? });
        state.listing = Some(Arc::clone(&listing));
        Ok(Some(listing))
    }

    fn file(&self, view: &LogicalFileView) -> Result<DataFile, TablesError> {
        let name = view.path();
        let without = |what| TablesError::Listed { table: self.table.as_str(), path: name.clone().into_owned(), what };
        let day = view.partition_values_map().remove(DAY).flatten();
        let day = day.and_then(|day| crate::day::parse(&day)).ok_or_else(|| without("a day"))?;
        let statistics = view.stats().and_then(|stats| Statistics::from_json(&stats));
        let statistics = statistics.ok_or_else(|| without("statistics"))?;
        Ok(DataFile {
            tier: self.number,
            path: self.path(&name),
            words: self.words_path(&name),
            bytes: u64::try_from(view.size()).map_err(|_| without("a length"))?,
            rows: statistics.rows,
            day,
            time_us: statistics.time_us,
            without_time: statistics.without_time,
            records: statistics.records,
            log: statistics.log.into(),
        })
    }

    /// The path of a file in the store, from its name with the folder of its day.
    pub(crate) fn path(&self, name: &str) -> object_store::path::Path {
        self.location.path([self.table.as_str(), name])
    }

    /// The path of the filter of a file's words.
    pub(crate) fn words_path(&self, name: &str) -> object_store::path::Path {
        let stem = name.strip_suffix(".parquet").unwrap_or(name);
        self.location.path([self.table.as_str(), WORDS, &format!("{stem}.words")])
    }

    /// The name of a data file, with the folder of its day, from its path or that of its filter.
    pub(crate) fn name_of(&self, path: &object_store::path::Path) -> Option<String> {
        let folder = self.path("");
        let below = path.as_ref().strip_prefix(folder.as_ref())?.trim_start_matches('/');
        let name = below.strip_prefix(WORDS).map_or(below, |below| below.trim_start_matches('/'));
        if !name.starts_with(DAY) {
            return None;
        }
        Some(name.strip_suffix(".words").map_or_else(|| name.to_owned(), |stem| format!("{stem}.parquet")))
    }

    /// Files that were removed from the table, and when: milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) async fn tombstones(&self) -> Result<Vec<(String, i64)>, TablesError> {
        let mut state = self.state.lock().await;
        let Some(delta) = self.load(&mut state).await? else { return Ok(Vec::new()) };
        let snapshot = delta.snapshot().map_err(self.failed("read"))?;
        let views = snapshot.all_tombstones(self.log_store.as_ref());
        let removed = views.map_ok(|view| (view.path().into_owned(), view.deletion_timestamp().unwrap_or_default()));
        removed.try_collect().await.map_err(self.failed("read what was removed from"))
    }

    /// How far an application has written.
    pub(crate) async fn progress(&self, application: &str) -> Result<Option<i64>, TablesError> {
        let mut state = self.state.lock().await;
        let Some(delta) = self.load(&mut state).await? else { return Ok(None) };
        self.progress_of(delta, application).await
    }

    async fn progress_of(&self, delta: &DeltaTable, application: &str) -> Result<Option<i64>, TablesError> {
        let snapshot = delta.snapshot().map_err(self.failed("read"))?;
        let version = snapshot.transaction_version(self.log_store.as_ref(), application).await;
        version.map_err(self.failed("read the progress of"))
    }

    /// Makes the table, or finds that someone else just did.
    async fn create(&self) -> Result<DeltaTable, TablesError> {
        let created = CreateBuilder::new()
            .with_log_store(Arc::clone(&self.log_store))
            .with_table_name(self.table.as_str())
            .with_comment(self.table.about())
            .with_columns(self.table.delta_schema())
            .with_partition_columns([DAY])
            .with_save_mode(SaveMode::Ignore)
            // Whoever comes second must not describe the table again on top of what the first has written.
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .with_configuration_property(TableProperty::CheckpointInterval, Some(CHECKPOINT_COMMITS))
            .with_configuration_property(TableProperty::LogRetentionDuration, Some(LOG_KEPT))
            .with_configuration_property(TableProperty::DataSkippingStatsColumns, Some(WITH_STATISTICS.join(",")))
            .await;
        match created {
            Ok(table) => Ok(table),
            Err(error) => {
                let mut table = DeltaTable::new(Arc::clone(&self.log_store));
                table.load().await.map_err(|_| self.failed("make")(error))?;
                Ok(table)
            }
        }
    }

    /// Refuses to remove what is not there: Delta itself lets that pass, and the rows of a file that was replaced twice would be there twice.
    fn check_removes(&self, snapshot: &DeltaTableState, actions: &[Action]) -> Result<(), TablesError> {
        let removes = actions.iter().filter_map(|action| match action {
            Action::Remove(remove) => Some(remove.path.as_str()),
            _ => None,
        });
        let mut gone: HashSet<&str> = removes.collect();
        if !gone.is_empty() {
            let log = snapshot.log_data();
            log.iter().for_each(|view| _ = gone.remove(&*view.path()));
        }
        match gone.into_iter().next() {
            Some(path) => Err(TablesError::Replaced { table: self.table.as_str(), path: path.to_owned() }),
            None => Ok(()),
        }
    }

    /// The number of the last compactor's lease that the table knows.
    pub(crate) async fn lease(&self) -> Result<Option<i64>, TablesError> {
        self.progress(COMPACTION).await
    }

    /// Commits changes. Says nothing went wrong only if the commit stands.
    pub(crate) async fn commit(
        &self,
        actions: Vec<Action>,
        operation: DeltaOperation,
        mark: Mark<'_>,
    ) -> Result<(), TablesError> {
        let mut state = self.state.lock().await;
        // Delta sets a commit on top of what others committed meanwhile, and lets pass that these replaced the same files. So what removes
        // files is checked against the very version that it comes after.
        let is_exact = actions.iter().any(|action| matches!(action, Action::Remove(_)));
        for _ in 0..EXACT_TRIES {
            let tried = self.try_commit(&mut state, actions.clone(), operation.clone(), mark, is_exact).await?;
            let error = match tried {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // The commit may stand all the same: its answer was lost, or what follows it failed.
            *state = State::default();
            if let Mark::Progress(application, version) = mark
                && let Some(delta) = self.load(&mut state).await?
                && self.progress_of(delta, application).await? >= Some(version)
            {
                return Ok(());
            }
            let was_overtaken = matches!(
                error,
                DeltaTableError::VersionAlreadyExists(_)
                    | DeltaTableError::Transaction { source: TransactionError::MaxCommitAttempts(_) }
            );
            if !is_exact || !was_overtaken {
                return Err(self.failed("write")(error));
            }
            tokio::time::sleep(Duration::from_millis(chance() % EXACT_PAUSE_MS)).await;
        }
        let (table, location) = (self.table.as_str(), self.location.url().to_string());
        Err(TablesError::Contended { table, location, tries: EXACT_TRIES })
    }

    /// Tries to commit once. The outer error is for what can never be.
    async fn try_commit(
        &self,
        state: &mut State,
        actions: Vec<Action>,
        operation: DeltaOperation,
        mark: Mark<'_>,
        is_exact: bool,
    ) -> Result<Result<(), DeltaTableError>, TablesError> {
        if self.load(state).await?.is_none() {
            state.delta = Some(self.create().await?);
        }
        let delta = state.delta.as_ref().expect("loaded or made above");
        let transaction = match mark {
            Mark::Progress(application, version) => Some(Transaction::new(application, version)),
            Mark::Lease(Some(number)) => {
                if self.progress_of(delta, COMPACTION).await?.is_some_and(|known| known > number) {
                    return Err(TablesError::LeaseLost);
                }
                Some(Transaction::new(COMPACTION, number))
            }
            Mark::None | Mark::Lease(None) => None,
        };
        let mut properties =
            CommitProperties::default().with_application_transactions(transaction.into_iter().collect());
        if is_exact {
            properties = properties.with_max_retries(0);
        }
        let snapshot = delta.snapshot().map_err(self.failed("read"))?;
        self.check_removes(snapshot, &actions)?;
        let commit = CommitBuilder::from(properties).with_actions(actions);
        let commit = commit.build(Some(snapshot), Arc::clone(&self.log_store), operation);
        Ok(commit.await.map(drop))
    }
}
