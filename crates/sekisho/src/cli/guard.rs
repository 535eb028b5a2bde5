//! `sekisho guard`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sekisho_edge::settings::Tolerated;

use super::{Outcome, RulesArgs, SecLangArgs};
use crate::config::{Config, Guard, RulesConfig};
use crate::service;

/// Stand in front of one service, without a configuration file.
#[derive(Debug, Args)]
pub(super) struct GuardArgs {
    /// The service, such as http://127.0.0.1:3000
    #[arg(value_name = "URL")]
    upstream: String,
    /// Address to serve clients at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// PEM file of the certificate chain: serve HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    seclang: SecLangArgs,
    /// Logging configuration of the web ACL, as `aws wafv2 get-logging-configuration` prints it
    #[arg(long, value_name = "FILE")]
    logging: Option<PathBuf>,
    /// Let pass what is refused otherwise, because rules under test look at it; nothing for a service in use
    #[arg(long, value_name = "WHAT", value_enum)]
    tolerate: Vec<Tolerate>,
    /// Folder for everything that is kept
    #[arg(long, value_name = "DIR", default_value = "sekisho-data")]
    data: PathBuf,
    /// Address of /metrics, /healthz and /readyz. Default: 127.0.0.1:9180, or any free port if that is taken
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
}

/// What passes though it is refused otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tolerate {
    /// Content-Length beside `Transfer-Encoding: chunked`: the length counts for nothing
    LengthBesideChunked,
    /// CONNECT, for the service to answer
    Connect,
}

pub(super) fn guard(args: GuardArgs) -> Outcome {
    let tolerated = Tolerated {
        length_beside_chunked: args.tolerate.contains(&Tolerate::LengthBesideChunked),
        connect: args.tolerate.contains(&Tolerate::Connect),
    };
    let config = Config::guard(Guard {
        upstream: args.upstream,
        listen: args.listen,
        tls: args.tls_cert.zip(args.tls_key),
        admin: args.admin.or_else(service::free_admin_address),
        rules: RulesConfig { logging: args.logging, seclang: args.seclang.into_config(), ..args.rules.into_config() },
        data: args.data,
        tolerated,
    })?;
    service::serve(config, None)
}
