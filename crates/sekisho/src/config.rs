//! The configuration file: TOML text → file shape → checked settings.
//!
//! Three types, three steps: [`file`] is what is written, [`shape`] holds the text against its schema and reports every slip
//! at once with its place, [`check`] resolves what the shape cannot know (addresses, patterns, files) into what the edge and
//! the records want.

mod check;
mod file;
mod lake;
mod limits;
mod places;
mod rates;
mod shape;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use sekisho_edge::settings::{Settings, Tolerated};
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};
use sekisho_waf::ir::phased::EngineMode;

use crate::token_keys::KeyFile;

pub(crate) use check::ADMIN_DEFAULT;
pub(crate) use file::{LogFormat, Overflow};
pub(crate) use lake::LakeConfig;
#[cfg(feature = "lake")]
pub(crate) use lake::{Copies, Witness};
pub(crate) use rates::RatesConfig;

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// What the edge is told.
    pub(crate) edge: Settings,
    /// Where the rules come from.
    pub(crate) rules: RulesConfig,
    /// How clients prove themselves.
    pub(crate) tokens: TokensConfig,
    /// How rate-based rules count.
    pub(crate) rates: RatesConfig,
    /// How decisions are recorded.
    pub(crate) records: RecordsConfig,
    /// Where logs are kept; nowhere if none.
    pub(crate) lake: Option<LakeConfig>,
    /// How the program logs about itself.
    pub(crate) log: LogConfig,
    /// The folder everything is kept under.
    pub(crate) data: PathBuf,
}

/// Where the rules come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct RulesConfig {
    /// The web ACL; the starter ACL if none.
    pub(crate) acl: Option<PathBuf>,
    /// A folder of IP sets, pattern sets and rule groups.
    pub(crate) resources: Option<PathBuf>,
    /// The logging configuration of the web ACL; everything is recorded if none.
    pub(crate) logging: Option<PathBuf>,
    /// A text file of address ranges that are always let through.
    pub(crate) allow_list: Option<PathBuf>,
    /// A text file of address ranges of ill repute.
    pub(crate) reputation_list: Option<PathBuf>,
    /// A text file of address ranges that scan.
    pub(crate) reconnaissance_list: Option<PathBuf>,
    /// A text file of address ranges that take part in floods.
    pub(crate) ddos_list: Option<PathBuf>,
    /// A MaxMind DB of countries.
    pub(crate) country_db: Option<PathBuf>,
    /// A MaxMind DB of autonomous systems.
    pub(crate) asn_db: Option<PathBuf>,
    /// Rules in phases, which see what the web ACL lets through.
    pub(crate) seclang: SecLangConfig,
}

/// Where rules in phases come from: rule files of ModSecurity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SecLangConfig {
    /// The folder of the OWASP Core Rule Set.
    pub(crate) crs: Option<PathBuf>,
    /// Rule files, in the order they are read; with the Core Rule Set, after its setup and before its rules.
    pub(crate) files: Vec<PathBuf>,
    /// The paranoia level of the Core Rule Set; what its setup says if none.
    pub(crate) paranoia: Option<u8>,
    /// The score of a request at which it is stopped.
    pub(crate) inbound_threshold: Option<u32>,
    /// The score of a response at which it is stopped.
    pub(crate) outbound_threshold: Option<u32>,
    /// Whether matches are only counted.
    pub(crate) count: bool,
    /// How many steps back an expression may take for a value that no linear engine can match; none may, if not given.
    pub(crate) backtracking: Option<NonZeroU32>,
}

/// No value needs more steps back: what takes more takes them because a client wants it to.
pub(crate) const BACKTRACKING_MAX: u32 = 1_000_000;

impl SecLangConfig {
    /// Whether there are no such rules.
    pub(crate) fn is_empty(&self) -> bool {
        self.crs.is_none() && self.files.is_empty()
    }

    /// Whether rules stop anything, where that is not left to the files: the configuration that comes with the Core Rule Set
    /// only detects, which is not what someone wants who puts it in front of a service.
    pub(crate) fn engine(&self) -> Option<EngineMode> {
        match (self.count, &self.crs) {
            (true, _) => Some(EngineMode::DetectionOnly),
            (false, Some(_)) => Some(EngineMode::On),
            (false, None) => None,
        }
    }
}

impl RulesConfig {
    /// The files and folders that the rules come from: all are read again when one changes.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let Self {
            acl,
            resources,
            logging,
            allow_list,
            reputation_list,
            reconnaissance_list,
            ddos_list,
            country_db,
            asn_db,
            seclang,
        } = self;
        let lists = [allow_list, reputation_list, reconnaissance_list, ddos_list];
        let files = [acl, resources, logging].into_iter().chain(lists).chain([country_db, asn_db, &seclang.crs]);
        files.flatten().chain(&seclang.files).map(PathBuf::as_path)
    }
}

/// How clients prove themselves to rules that ask for it.
#[derive(Debug, Clone)]
pub(crate) struct TokensConfig {
    pub(crate) keys: KeyFile,
    /// Leading zero bits of a proof of work.
    pub(crate) work_bits: u8,
}

/// How decisions are recorded.
#[derive(Debug, Clone)]
pub(crate) struct RecordsConfig {
    pub(crate) enabled: bool,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) flush_interval_ms: u64,
    pub(crate) rotate_interval_s: u64,
    pub(crate) segment_bytes_max: u64,
    pub(crate) queue_bytes_max: usize,
    pub(crate) overflow: Overflow,
    pub(crate) mask_headers: Vec<String>,
    pub(crate) mask_card_numbers: bool,
}

/// How the program logs about itself.
#[derive(Debug, Clone)]
pub(crate) struct LogConfig {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub(crate) struct Broken {
    /// What is wrong with it.
    pub(crate) problems: Diagnostics,
    /// The rules it names, if that much could be read: what is wrong with them is told at the same time.
    pub(crate) rules: Option<Box<RulesConfig>>,
}

impl From<Diagnostics> for Broken {
    fn from(problems: Diagnostics) -> Self {
        Self { problems, rules: None }
    }
}

impl Config {
    /// Reads a configuration file. Paths in it are relative to its folder.
    pub(crate) fn load(path: &Path) -> Result<Self, Broken> {
        let text = crate::read::text(path)?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads configuration text whose relative paths start at `base`.
    pub(crate) fn parse(source: &SourceFile, base: &Path) -> Result<Self, Broken> {
        let (table, syntax) = toml::de::DeTable::parse_recoverable(source.text());
        let mut diagnostics = Diagnostics::new();
        for error in syntax {
            let place = error.span().unwrap_or(0..0);
            diagnostics.push(Diagnostic::error("toml-syntax", error.message().to_owned()).at(source, place));
        }
        if diagnostics.has_errors() {
            return Err(diagnostics.into());
        }
        shape::check(source, &table, &file::schema(), &mut diagnostics);
        if diagnostics.has_errors() {
            return Err(diagnostics.into());
        }
        match toml::from_str::<file::File>(source.text()) {
            Ok(file) => check::check(file, &places::Places::new(source, &table), base),
            Err(error) => {
                let place = error.span().unwrap_or(0..0);
                Err(Diagnostics::from(Diagnostic::error("configuration", error.message().to_owned()).at(source, place))
                    .into())
            }
        }
    }

    /// The configuration of `sekisho guard`: one upstream, no file.
    pub(crate) fn guard(guard: Guard) -> Result<Self, Broken> {
        check::guard(guard)
    }
}

/// What `sekisho guard` is told on the command line.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) upstream: String,
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) rules: RulesConfig,
    pub(crate) data: PathBuf,
    pub(crate) tolerated: Tolerated,
}

/// The JSON schema of the configuration file.
pub(crate) fn schema() -> serde_json::Value {
    file::schema()
}

#[cfg(test)]
mod tests;
