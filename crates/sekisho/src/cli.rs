//! The command line.

mod acl;
mod capacity;
mod check;
#[cfg(feature = "cluster")]
mod cluster;
mod config;
#[cfg(feature = "lake")]
mod countries;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "lake")]
mod digests;
mod guard;
#[cfg(feature = "lake")]
mod ingest;
#[cfg(feature = "lake")]
mod lake;
mod problems;
#[cfg(feature = "lake")]
mod query;
mod rate_keys;
mod run;
mod samples;
#[cfg(feature = "lake")]
mod search;
mod seclang;
mod test;
mod token_state;
#[cfg(feature = "lake")]
mod verify;
mod witness;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use sekisho_model::Diagnostics;

use crate::config::{ADMIN_DEFAULT, BACKTRACKING_MAX, Broken, Config, RulesConfig, SecLangConfig};
use crate::rules;

/// The checkpoint in front of a web service: inspects every request, records every decision, explains any of them.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Stand in front of one service, without a configuration file
    Guard(guard::GuardArgs),
    /// Run the full service from a configuration file
    Run(run::RunArgs),
    /// Hold one request against a web ACL and explain the decision
    Check(check::CheckArgs),
    /// Run tests of rules: requests, and what must come of them; exit status 1 if any fails
    Test(test::TestArgs),
    /// Work with web ACLs
    #[command(subcommand)]
    Acl(acl::AclCommand),
    /// Work with rule files of ModSecurity
    #[command(subcommand, name = "seclang")]
    SecLang(seclang::SecLangCommand),
    /// Say what a web ACL takes of AWS's capacity, in web ACL capacity units (WCU)
    Capacity(capacity::CapacityArgs),
    #[cfg(feature = "demo")]
    /// Watch a sample shop, its customers and its attackers, with the checkpoint in between
    Demo(demo::DemoArgs),
    /// Show requests that rules matched, in a running service
    Samples(samples::SamplesArgs),
    /// Show what rate-based rules limit now, in a running service
    RateKeys(rate_keys::RateKeysArgs),
    #[cfg(feature = "lake")]
    /// Say whether the lake is as it was sealed; exit status 1 if not
    Verify(verify::VerifyArgs),
    /// Sign the states of lakes, each only if it follows from the one before, so that their owners cannot alter them unseen
    Witness(witness::WitnessArgs),
    #[cfg(feature = "lake")]
    /// Take logs into the lake, each record once
    Ingest(ingest::IngestArgs),
    #[cfg(feature = "lake")]
    /// Ask the lake in SQL
    Query(query::QueryArgs),
    #[cfg(feature = "lake")]
    /// Look for words in all records of the lake, newest first; exit status 1 if there are none
    Search(search::SearchArgs),
    #[cfg(feature = "cluster")]
    /// Run the processes that answer `query --cluster`
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    #[cfg(feature = "lake")]
    /// Work with the lake as a whole
    #[command(subcommand)]
    Lake(lake::LakeCommand),
    /// Work with configuration files
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file, address or request that the user gave cannot be used: exit status 2.
    Unusable(Diagnostics),
    /// Anything else: exit status 1.
    Other(anyhow::Error),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Unusable(diagnostics)
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Unusable(rules::all_problems(broken))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Errors of other rooms end a command as they are.
macro_rules! other {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Other(error.into())
            }
        }
    )+};
}

other!(std::io::Error, sekisho_witness::WitnessError);
#[cfg(feature = "lake")]
other!(
    sekisho_gather::GatherError,
    sekisho_lake::LakeError,
    sekisho_mask::MaskError,
    sekisho_query::QueryError,
    sekisho_tables::TablesError,
);

#[cfg(feature = "cluster")]
other!(sekisho_cluster::ClusterError);

/// What a command returns.
pub(crate) type Outcome = Result<ExitCode, Failure>;

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> Outcome {
        match self.command {
            Command::Guard(args) => guard::guard(args),
            Command::Run(args) => run::run(&args),
            Command::Check(args) => check::check(&args),
            Command::Test(args) => test::test(&args),
            Command::Acl(command) => acl::acl(&command),
            Command::SecLang(command) => seclang::seclang(&command),
            Command::Capacity(args) => capacity::capacity(&args),
            #[cfg(feature = "demo")]
            Command::Demo(args) => demo::demo(&args),
            Command::Samples(args) => samples::samples(&args),
            Command::RateKeys(args) => rate_keys::rate_keys(&args),
            #[cfg(feature = "lake")]
            Command::Verify(args) => verify::verify(&args),
            Command::Witness(args) => witness::witness(&args),
            #[cfg(feature = "lake")]
            Command::Ingest(args) => ingest::ingest(&args),
            #[cfg(feature = "lake")]
            Command::Query(args) => query::query(&args),
            #[cfg(feature = "lake")]
            Command::Search(args) => search::search(&args),
            #[cfg(feature = "cluster")]
            Command::Cluster(command) => cluster::cluster(&command),
            #[cfg(feature = "lake")]
            Command::Lake(command) => lake::lake(&command),
            Command::Config(command) => config::config(&command),
        }
    }
}

/// Which running service is asked, for the commands that ask one.
#[derive(Debug, Clone, Args)]
struct AdminArgs {
    /// Admin address of the service. Default: that of the configuration file, or 127.0.0.1:9180
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// The configuration file the service runs from
    #[arg(short, long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
}

impl AdminArgs {
    fn address(&self) -> Result<SocketAddr, Failure> {
        let Some(file) = &self.config else { return Ok(self.admin.unwrap_or(ADMIN_DEFAULT)) };
        let config = Config::load(file)?;
        let missing = || anyhow::anyhow!("{} gives the service no admin address", file.display());
        Ok(config.edge.admin.ok_or_else(missing)?)
    }
}

/// Where rules come from, for the commands that take them.
#[derive(Debug, Clone, Args)]
struct RulesArgs {
    /// Web ACL in any form: JSON of the API, Terraform, CloudFormation, readable. Default: the starter ACL
    #[arg(long, value_name = "FILE")]
    acl: Option<PathBuf>,
    /// Folder of the IP sets, pattern sets and rule groups it refers to, in any form
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// MaxMind DB of countries
    #[arg(long, value_name = "FILE")]
    country_db: Option<PathBuf>,
    /// MaxMind DB of autonomous systems
    #[arg(long, value_name = "FILE")]
    asn_db: Option<PathBuf>,
    /// Addresses and ranges, one a line, that the starter ACL always lets through
    #[arg(long, value_name = "FILE")]
    allow_list: Option<PathBuf>,
    /// Addresses and ranges of ill repute, one a line
    #[arg(long, value_name = "FILE")]
    reputation_list: Option<PathBuf>,
    /// Addresses and ranges that scan, one a line
    #[arg(long, value_name = "FILE")]
    reconnaissance_list: Option<PathBuf>,
    /// Addresses and ranges that take part in floods, one a line
    #[arg(long, value_name = "FILE")]
    ddos_list: Option<PathBuf>,
}

impl RulesArgs {
    fn into_config(self) -> RulesConfig {
        let Self { acl, resources, country_db, asn_db, allow_list, reputation_list, reconnaissance_list, ddos_list } =
            self;
        let logging = None;
        RulesConfig {
            acl,
            resources,
            logging,
            allow_list,
            reputation_list,
            reconnaissance_list,
            ddos_list,
            country_db,
            asn_db,
            seclang: SecLangConfig::default(),
        }
    }
}

/// Where rules in ModSecurity's language come from, for the commands that take them.
#[derive(Debug, Clone, Args)]
struct SecLangArgs {
    /// Folder of the OWASP Core Rule Set: its rules see what the web ACL lets through, all there is if none is given; where the
    /// web ACL names it as a rule group, they run there instead
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    /// Rule file of ModSecurity; may be given more than once. With --crs, read after its setup and before its rules
    #[arg(long, value_name = "FILE")]
    seclang: Vec<PathBuf>,
    /// Paranoia level of the Core Rule Set, 1 to 4. Default: what its setup says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4), requires = "crs")]
    paranoia: Option<u8>,
    /// Anomaly score at which the Core Rule Set stops a request. Default: what its setup says
    #[arg(long, value_name = "N", requires = "crs")]
    inbound_threshold: Option<u32>,
    /// Anomaly score at which the Core Rule Set stops a response. Default: what its setup says
    #[arg(long, value_name = "N", requires = "crs")]
    outbound_threshold: Option<u32>,
    /// Only count and record what rules of --crs and --seclang match (SecRuleEngine DetectionOnly)
    #[arg(long)]
    count: bool,
    #[command(flatten)]
    backtracking: BacktrackingArgs,
}

impl SecLangArgs {
    fn into_config(self) -> SecLangConfig {
        let Self { crs, seclang, paranoia, inbound_threshold, outbound_threshold, count, backtracking } = self;
        let backtracking = backtracking.steps();
        SecLangConfig { crs, files: seclang, paranoia, inbound_threshold, outbound_threshold, count, backtracking }
    }
}

/// Whether expressions run that no linear engine can match, for the commands that take rules in ModSecurity's language.
#[derive(Debug, Clone, Args)]
struct BacktrackingArgs {
    /// Let regular expressions run that no linear engine can match (look-around, back-references), with up to so many steps
    /// back for a value. Default: they are refused
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..=i64::from(BACKTRACKING_MAX)))]
    backtracking: Option<u32>,
}

impl BacktrackingArgs {
    fn steps(&self) -> Option<NonZeroU32> {
        self.backtracking.and_then(NonZeroU32::new)
    }
}
