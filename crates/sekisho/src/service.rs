//! The whole service: rules, records, metrics and the edge wired together, kept until told to stop.

mod log;
mod reload;
mod written;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use sekisho_edge::clock::SystemClock;
use sekisho_edge::metrics::Metrics;
use sekisho_edge::record::{self, Journal, JournalSettings, MaskSettings, Source};
use sekisho_edge::token::Tokens;
use sekisho_edge::{Edge, Running, Services, Witness};
use sekisho_model::{Diagnostic, Diagnostics};
use sekisho_waf::ir::Policy;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cli::{Failure, Outcome};
use crate::config::{Config, LakeConfig, Overflow, RecordsConfig, RulesConfig};
use crate::lake::{self, RunningLake};
use crate::rules::seclang::Looked;
use crate::token_keys::KeyFile;
use crate::{rules, terminal};

use reload::Reloader;
use written::Written;

/// How often the files of rules are looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Where metrics and health are served by `sekisho guard`, if nothing else is there.
const GUARD_ADMIN_PORT: u16 = 9180;

/// A running service.
pub(crate) struct Service {
    running: Running,
    /// Keeps decisions, unless the configuration switches records off.
    journal: Option<Arc<Journal>>,
    /// Keeps logs, if the configuration says so.
    lake: Option<RunningLake>,
    metrics: Arc<Metrics>,
    rules: RulesConfig,
    /// The files and folders that rules in phases came from when they were loaded first.
    looked: Looked,
    tokens: Arc<Tokens>,
    keys: KeyFile,
}

impl Service {
    /// Starts everything. When it returns, connections are accepted.
    pub(crate) fn start(config: Config, witness: Option<Arc<dyn Witness>>) -> Result<Self, Failure> {
        let mut looked = Looked::new();
        let loaded = rules::load_following(&config.rules, &mut looked)?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let slot = lake::Slot::default();
        let metrics = Arc::new(lake::metrics(env!("CARGO_PKG_VERSION"), &slot));
        let policy = loaded.rule_set.policy();
        let mask =
            MaskSettings { headers: config.records.mask_headers.clone(), cards: config.records.mask_card_numbers };
        let source = Source { name: "SEKISHO".to_owned(), id: source_id(&config) };
        let journal = if config.records.enabled {
            let followed = config.lake.as_ref().is_some_and(LakeConfig::takes_decisions);
            let settings = JournalSettings { followed, ..journal_settings(&config.records, &config.data, policy) };
            let journal = Journal::start(settings, Arc::new(SystemClock), metrics.records.clone())
                .map_err(|error| unusable("data-folder", &error.into()))?;
            Some(Arc::new(journal))
        } else {
            tracing::warn!("decisions are not recorded: `enabled` of `[records]` is false");
            None
        };
        let data = config.records.enabled.then_some(&*config.data);
        let lake = config.lake.map(|lake| RunningLake::start(lake, data, &slot)).transpose();
        let lake = lake.map_err(|error| unusable("lake", &error))?;
        let tokens = Arc::new(Tokens::new(config.tokens.keys.load()?, config.tokens.work_bits));
        let rates =
            config.rates.counters(Arc::new(SystemClock), &metrics.rates).map_err(|error| unusable("rates", &error))?;
        let services = Services {
            rules: loaded.rule_set,
            phased: loaded.phased,
            logging: loaded.logging,
            journal: journal.clone(),
            source,
            mask,
            witness,
            neighbour: lake.as_ref().map(RunningLake::neighbour),
            metrics: Arc::clone(&metrics),
            rates,
            places: loaded.places,
            tokens: Arc::clone(&tokens),
            clock: Arc::new(SystemClock),
        };
        let running = Edge::start(config.edge, services).map_err(|error| unusable("setup", &error.into()))?;
        Ok(Self { running, journal, lake, metrics, rules: config.rules, looked, tokens, keys: config.tokens.keys })
    }

    /// The files that are read again when they change.
    fn files(&self) -> impl Iterator<Item = &Path> {
        self.rules.files().chain([self.keys.path()])
    }

    /// Takes the lake's sources from the configuration as it is now. One that cannot be used changes nothing, and is reported.
    fn reload_sources(&mut self, file: &Path) {
        let Some(lake) = &mut self.lake else { return };
        match Config::load(file) {
            // Whether there is a lake at all is not changed while it runs.
            Ok(config) => config.lake.into_iter().for_each(|config| lake.change_sources(config)),
            Err(broken) => {
                for problem in &rules::all_problems(broken) {
                    tracing::error!("{problem}");
                }
                tracing::error!("the configuration cannot be used; the sources of the lake stay as they are");
            }
        }
    }

    /// The addresses listened on.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        self.running.addresses()
    }

    /// Drains the edge, then writes what is left of the records, then takes these into the lake.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.running.shutdown();
        let finished = match self.journal.map(Arc::try_unwrap) {
            None => Ok(()),
            Some(Ok(journal)) => journal.close().context("failed to finish the records"),
            Some(Err(_)) => Err(anyhow::anyhow!("failed to finish the records: something still writes them")),
        };
        // Last: what was decided is in the journal by now.
        if let Some(lake) = self.lake {
            lake.stop();
        }
        finished
    }
}

/// Runs a service until a signal ends it. `file`: where the configuration comes from, if from a file.
pub(crate) fn serve(config: Config, file: Option<&Path>) -> Outcome {
    log::init(&config.log).map_err(|error| unusable("log-level", &error))?;
    let signals = signals().context("failed to listen for signals")?;
    let tls: Vec<bool> = config.edge.listeners.iter().map(|listener| listener.tls.is_some()).collect();
    let data = config.data.clone();
    let mut service = Service::start(config, None)?;
    for (address, tls) in service.addresses().iter().zip(tls) {
        terminal::note(&format!("listening on {}://{address}", if tls { "https" } else { "http" }));
    }
    if let Some(address) = service.running.admin_address() {
        terminal::note(&format!("metrics and health on http://{address}/metrics"));
    }
    if service.journal.is_some() {
        terminal::note(&format!("decisions under {}", data.display()));
    }
    if let Some(lake) = &service.lake {
        lake.announce();
    }
    if let Some(rules) = service.running.phased_rules() {
        terminal::note(&rules::seclang::summary(&rules));
        if let Some(log) = rules::seclang::audit_log(&rules) {
            terminal::note(&format!("audit log in {log}"));
        }
    }
    for group in service.running.rules().groups_in_phases() {
        terminal::note(&format!("as a group of the web ACL: {}", rules::seclang::summary(group)));
    }
    let written = file.map(Written::read).transpose()?;
    let mut reloader = Reloader::new(&service);
    loop {
        match signals.recv_timeout(WATCH_INTERVAL) {
            Ok(signal) if ends(signal) => break,
            Ok(_) => {
                reloader.reload(&service);
                file.into_iter().for_each(|file| service.reload_sources(file));
                written.iter().for_each(Written::tell_changes);
            }
            Err(RecvTimeoutError::Timeout) => reloader.reload_if_changed(&service),
            Err(RecvTimeoutError::Disconnected) => return Err(anyhow::anyhow!("signals no longer arrive").into()),
        }
    }
    tracing::info!("stopping: requests under way are finished first");
    service.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a signal asks the program to end.
pub(crate) fn ends(signal: i32) -> bool {
    signal != SIGHUP
}

/// The signals that matter, as they arrive.
pub(crate) fn signals() -> anyhow::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if sender.send(signal).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The admin address of `sekisho guard`: its usual port if that is free, any other if not.
pub(crate) fn free_admin_address() -> Option<SocketAddr> {
    let usual = SocketAddr::from(([127, 0, 0, 1], GUARD_ADMIN_PORT));
    match TcpListener::bind(usual) {
        Ok(_) => Some(usual),
        Err(_) => Some(SocketAddr::from(([127, 0, 0, 1], 0))),
    }
}

fn journal_settings(records: &RecordsConfig, data: &Path, policy: &Policy) -> JournalSettings {
    JournalSettings {
        flush_interval_ms: records.flush_interval_ms,
        rotate_interval_s: records.rotate_interval_s,
        segment_bytes_max: records.segment_bytes_max,
        queue_bytes_max: records.queue_bytes_max,
        overflow: match records.overflow {
            Overflow::Wait => record::Overflow::Wait,
            Overflow::Drop => record::Overflow::Drop,
        },
        ..JournalSettings::new(data, &records.account, &records.region, &policy.name)
    }
}

/// What records call the protected service: the first listener's address.
fn source_id(config: &Config) -> String {
    config.edge.listeners.first().map_or_else(|| "-".to_owned(), |listener| listener.address.to_string())
}

/// An error of something the user gave: its chain as one diagnostic.
fn unusable(code: &'static str, error: &anyhow::Error) -> Diagnostics {
    let chain = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Diagnostic::error(code, chain).into()
}
