//! Resolves a configuration file's texts into addresses, patterns and paths, reporting everything that is wrong at once.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_edge::check_certificates;
use sekisho_edge::settings::{
    CertificateFiles, HostField, HostPattern, Limits, Listener, OnFault, Origin, PathPrefix, Protocol, Route, Settings,
    Target, TlsFiles, Trust, TrustedField, Upstream,
};
use sekisho_model::{Diagnostic, Diagnostics, closest};

use super::file::{
    FaultName, File, HostName, ListenerTable, ProtocolName, RecordsTable, RouteTable, RulesTable, SecLangTable,
    TokensTable, TrustedHeader, UpstreamTable,
};
use super::lake;
use super::places::{Places, Step};
use super::rates::{self, Problem, RatesConfig};
use super::{
    Broken, Config, Guard, LakeConfig, LogConfig, LogFormat, RecordsConfig, RulesConfig, SecLangConfig, TokensConfig,
};
use crate::token_keys::KeyFile;

/// Where metrics and health are served unless the configuration says otherwise.
pub(crate) const ADMIN_DEFAULT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9180));

/// Resolves a configuration file.
pub(super) fn check(file: File, places: &Places<'_>, base: &Path) -> Result<Config, Broken> {
    let mut checking = Checking { places, base, diagnostics: Diagnostics::new() };
    let config = checking.config(file);
    if checking.diagnostics.has_errors() {
        return Err(Broken { problems: checking.diagnostics, rules: Some(Box::new(config.rules)) });
    }
    Ok(config)
}

/// Resolves what `sekisho guard` was told.
pub(super) fn guard(guard: Guard) -> Result<Config, Broken> {
    let mut checking = Checking { places: &Places::none(), base: Path::new(""), diagnostics: Diagnostics::new() };
    let upstream = UpstreamTable {
        name: "service".to_owned(),
        servers: vec![guard.upstream],
        protocol: ProtocolName::default(),
        host: HostName::default(),
        health_path: None,
        authorities: None,
    };
    let upstream = Arc::new(checking.upstream(&upstream, 0));
    let tls = guard.tls.map(|(chain, key)| {
        let pair = CertificateFiles { chain, key };
        checking.certificate(&pair, &[], &[]);
        TlsFiles { pairs: vec![pair] }
    });
    checking.rules_readable(&guard.rules);
    if checking.diagnostics.has_errors() {
        return Err(Broken { problems: checking.diagnostics, rules: Some(Box::new(guard.rules)) });
    }
    Ok(Config {
        edge: Settings {
            listeners: vec![Listener { address: guard.listen, tls, proxy_protocol_from: Vec::new() }],
            admin: guard.admin,
            workers: None,
            routes: vec![Route {
                host: HostPattern::Any,
                path: PathPrefix::parse("/").expect("the root is a path"),
                target: Target::Upstream(upstream),
            }],
            trust: Trust::default(),
            on_fault: OnFault::default(),
            limits: Limits { tolerated: guard.tolerated, ..Limits::default() },
        },
        rules: guard.rules,
        rates: RatesConfig::default(),
        tokens: TokensConfig { keys: KeyFile::new(None, &guard.data), work_bits: TokensTable::default().work_bits },
        records: records(RecordsTable::default()),
        lake: None,
        log: LogConfig { format: LogFormat::Human, level: "info".to_owned() },
        data: guard.data,
    })
}

struct Checking<'c> {
    places: &'c Places<'c>,
    base: &'c Path,
    diagnostics: Diagnostics,
}

impl Checking<'_> {
    fn config(&mut self, file: File) -> Config {
        let upstreams: Vec<_> =
            file.upstream.iter().enumerate().map(|(at, table)| Arc::new(self.upstream(table, at))).collect();
        self.unique_names(&upstreams);
        let routes =
            file.route.iter().enumerate().filter_map(|(at, table)| self.route(table, at, &upstreams)).collect();
        let listeners: Vec<Listener> =
            file.listener.into_iter().enumerate().filter_map(|(at, table)| self.listener(table, at)).collect();
        let proxies = self.networks(&file.client.trusted_proxies, &["client".into(), "trusted_proxies".into()]);
        let admin = match file.admin.address.as_str() {
            "" => None,
            text => self.address(text, &["admin".into(), "address".into()]),
        };
        self.account(&file.records);
        let data = self.base.join(file.data);
        let tokens = self.tokens(file.tokens, &data);
        let taken = listeners.iter().map(|listener| listener.address).chain(admin).collect();
        let lake = file.lake.and_then(|table| self.lake(table, &data, taken));
        let (rates, problems) = rates::check(file.rates, self.base);
        for Problem { diagnostic, key } in problems {
            match key {
                Some(key) => self.error(diagnostic, &["rates".into(), key.into()]),
                None => self.diagnostics.push(diagnostic),
            }
        }
        Config {
            edge: Settings {
                listeners,
                admin,
                workers: file.workers,
                routes,
                trust: Trust {
                    proxies,
                    field: match file.client.trusted_header {
                        TrustedHeader::XForwardedFor => TrustedField::XForwardedFor,
                        TrustedHeader::Forwarded => TrustedField::Forwarded,
                    },
                },
                on_fault: match file.rules.on_fault {
                    FaultName::Closed => OnFault::Closed,
                    FaultName::Open => OnFault::Open,
                },
                limits: file.limits.over_defaults(),
            },
            rules: self.rules(file.rules, file.records.logging.clone(), file.seclang),
            tokens,
            rates,
            records: records(file.records),
            lake,
            log: LogConfig { format: file.log.format, level: file.log.level },
            data,
        }
    }

    fn lake(&mut self, table: lake::LakeTable, data: &Path, taken: Vec<SocketAddr>) -> Option<LakeConfig> {
        let (config, problems) = lake::check(table, lake::Around { base: self.base, data, taken });
        for lake::Problem { diagnostic, way } in problems {
            self.error(diagnostic, &way);
        }
        config
    }

    fn error(&mut self, diagnostic: Diagnostic, way: &[Step<'_>]) {
        let pointed = self.places.point(diagnostic, way);
        self.diagnostics.push(pointed);
    }

    fn upstream(&mut self, table: &UpstreamTable, at: usize) -> Upstream {
        let mut origins = Vec::new();
        for (index, text) in table.servers.iter().enumerate() {
            match Origin::parse(text) {
                Ok(origin) => origins.push(origin),
                Err(error) => {
                    let diagnostic = Diagnostic::error("server-url", error.to_string())
                        .help("a server is scheme, host and port only, such as http://127.0.0.1:3000");
                    self.error(diagnostic, &["upstream".into(), at.into(), "servers".into(), index.into()]);
                }
            }
        }
        let authorities = table.authorities.as_ref().map(|path| {
            let path = self.base.join(path);
            self.readable(&path, &["upstream".into(), at.into(), "authorities".into()]);
            path
        });
        if let Some(path) = table.health_path.as_ref().filter(|path| !path.starts_with('/')) {
            let diagnostic = Diagnostic::error("health-path", format!("`{path}` is not a path beginning with `/`"));
            self.error(diagnostic, &["upstream".into(), at.into(), "health_path".into()]);
        }
        Upstream {
            name: table.name.clone(),
            origins,
            protocol: match table.protocol {
                ProtocolName::Auto => Protocol::Auto,
                ProtocolName::Http1 => Protocol::Http1,
                ProtocolName::Http2 => Protocol::Http2,
            },
            host: match table.host {
                HostName::Client => HostField::Client,
                HostName::Server => HostField::Origin,
            },
            health_path: table.health_path.clone(),
            authorities,
        }
    }

    fn unique_names(&mut self, upstreams: &[Arc<Upstream>]) {
        for (at, upstream) in upstreams.iter().enumerate() {
            if upstreams[..at].iter().any(|earlier| earlier.name == upstream.name) {
                let diagnostic =
                    Diagnostic::error("duplicate-name", format!("a second upstream is called `{}`", upstream.name));
                self.error(diagnostic, &["upstream".into(), at.into(), "name".into()]);
            }
        }
    }

    fn route(&mut self, table: &RouteTable, at: usize, upstreams: &[Arc<Upstream>]) -> Option<Route> {
        let way = |key: &'static str| ["route".into(), at.into(), key.into()];
        let host = HostPattern::parse(&table.host).map_err(|error| {
            let diagnostic = Diagnostic::error("host-pattern", error.to_string());
            self.error(
                diagnostic.help("write `shop.example.com`, `*.example.com` or `*`, without a port"),
                &way("host"),
            );
        });
        let path = PathPrefix::parse(&table.path).map_err(|error| {
            self.error(Diagnostic::error("path-prefix", error.to_string()), &way("path"));
        });
        let target = match (&table.upstream, &table.pages) {
            (Some(name), None) => upstreams.iter().find(|upstream| upstream.name == *name).map_or_else(
                || {
                    let diagnostic = Diagnostic::error("unknown-upstream", format!("no upstream is called `{name}`"));
                    let names = upstreams.iter().map(|upstream| upstream.name.as_str());
                    let help = match closest(name, names.clone()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("upstreams are: {}", names.collect::<Vec<_>>().join(", ")),
                    };
                    self.error(diagnostic.help(help), &way("upstream"));
                    None
                },
                |upstream| Some(Target::Upstream(Arc::clone(upstream))),
            ),
            (None, Some(folder)) => {
                let directory = self.base.join(folder);
                if !directory.is_dir() {
                    let message = format!("{} is not a folder", directory.display());
                    self.error(Diagnostic::error("pages-folder", message), &way("pages"));
                }
                Some(Target::Pages { directory })
            }
            _ => {
                let diagnostic = Diagnostic::error("route-target", "a route goes to either an upstream or pages");
                self.error(
                    diagnostic.help("give exactly one of the keys `upstream` and `pages`"),
                    &["route".into(), at.into()],
                );
                None
            }
        };
        Some(Route { host: host.ok()?, path: path.ok()?, target: target? })
    }

    fn listener(&mut self, table: ListenerTable, at: usize) -> Option<Listener> {
        let mut pairs = Vec::new();
        for (index, certificate) in table.certificate.into_iter().enumerate() {
            let way =
                |key: &'static str| ["listener".into(), at.into(), "certificate".into(), index.into(), key.into()];
            let pair =
                CertificateFiles { chain: self.base.join(certificate.chain), key: self.base.join(certificate.key) };
            self.certificate(&pair, &way("chain"), &way("key"));
            pairs.push(pair);
        }
        let way = ["listener".into(), at.into(), "proxy_protocol_from".into()];
        let proxy_protocol_from = self.networks(&table.proxy_protocol_from, &way);
        let address = self.address(&table.address, &["listener".into(), at.into(), "address".into()])?;
        Some(Listener { address, tls: (!pairs.is_empty()).then_some(TlsFiles { pairs }), proxy_protocol_from })
    }

    fn address(&mut self, text: &str, way: &[Step<'_>]) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            let diagnostic = Diagnostic::error("address", format!("`{text}` is not an address and port"));
            self.error(diagnostic.help("write 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"), way);
        }
        address
    }

    fn networks(&mut self, texts: &[String], way: &[Step<'_>]) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network),
                Err(_) => {
                    let diagnostic = Diagnostic::error("address-range", format!("`{text}` is not an address or range"));
                    let way: Vec<_> = way.iter().copied().chain([Step::Index(index)]).collect();
                    self.error(diagnostic.help("write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32"), &way);
                }
            }
        }
        networks
    }

    fn readable(&mut self, path: &Path, way: &[Step<'_>]) -> bool {
        let opened = std::fs::File::open(path);
        if let Err(error) = &opened {
            let message = format!("cannot read {}: {error}", path.display());
            self.error(Diagnostic::error("unreadable-file", message), way);
        }
        opened.is_ok()
    }

    /// Both files of a certificate: there, of the right kind, and belonging together.
    fn certificate(&mut self, pair: &CertificateFiles, chain_way: &[Step<'_>], key_way: &[Step<'_>]) {
        let there = [self.readable(&pair.chain, chain_way), self.readable(&pair.key, key_way)];
        if there.contains(&false) {
            return;
        }
        let Err(error) = check_certificates(&TlsFiles { pairs: vec![pair.clone()] }) else { return };
        for (path, problem) in error.problems {
            let of_key = path == pair.key;
            let kind = if of_key { "private key" } else { "certificate chain" };
            let cause = std::error::Error::source(&problem).map_or_else(String::new, |cause| format!(": {cause}"));
            let message = format!("cannot use {} as {kind}: {problem}{cause}", path.display());
            let diagnostic = Diagnostic::error("certificate", message).help(
                "give PEM files of a chain, the server's own certificate first, and of the key that belongs to it",
            );
            self.error(diagnostic, if of_key { key_way } else { chain_way });
        }
    }

    fn rules(&mut self, table: RulesTable, logging: Option<PathBuf>, seclang: SecLangTable) -> RulesConfig {
        let seclang = self.seclang(seclang);
        let mut resolve_in = |section: &'static str, path: Option<PathBuf>, key: &'static str| {
            let path = self.base.join(path?);
            self.readable(&path, &[section.into(), key.into()]);
            Some(path)
        };
        let logging = resolve_in("records", logging, "logging");
        let mut resolve = |path, key| resolve_in("rules", path, key);
        RulesConfig {
            logging,
            acl: resolve(table.acl, "acl"),
            resources: resolve(table.resources, "resources"),
            allow_list: resolve(table.allow_list, "allow_list"),
            reputation_list: resolve(table.reputation_list, "reputation_list"),
            reconnaissance_list: resolve(table.reconnaissance_list, "reconnaissance_list"),
            ddos_list: resolve(table.ddos_list, "ddos_list"),
            country_db: resolve(table.country_db, "country_db"),
            asn_db: resolve(table.asn_db, "asn_db"),
            seclang,
        }
    }

    fn seclang(&mut self, table: SecLangTable) -> SecLangConfig {
        let crs = table.crs.map(|path| self.base.join(path));
        if let Some(folder) = &crs {
            self.readable(folder, &["seclang".into(), "crs".into()]);
        }
        let files: Vec<_> = table.files.into_iter().map(|path| self.base.join(path)).collect();
        for (at, path) in files.iter().enumerate() {
            self.readable(path, &["seclang".into(), "files".into(), at.into()]);
        }
        let of_crs = [
            ("paranoia", table.paranoia.is_some()),
            ("inbound_threshold", table.inbound_threshold.is_some()),
            ("outbound_threshold", table.outbound_threshold.is_some()),
        ];
        for (key, _) in of_crs.into_iter().filter(|(_, given)| *given && crs.is_none()) {
            let diagnostic = Diagnostic::error("no-crs", format!("`{key}` is a setting of the Core Rule Set"));
            self.error(diagnostic.help("name its folder under the key `crs`"), &["seclang".into(), key.into()]);
        }
        SecLangConfig {
            crs,
            files,
            paranoia: table.paranoia,
            inbound_threshold: table.inbound_threshold,
            outbound_threshold: table.outbound_threshold,
            count: table.count,
            backtracking: table.backtracking.and_then(NonZeroU32::new),
        }
    }

    fn rules_readable(&mut self, rules: &RulesConfig) {
        for path in rules.files() {
            self.readable(path, &[]);
        }
    }

    fn tokens(&mut self, table: TokensTable, data: &Path) -> TokensConfig {
        let named = table.key_file.map(|path| self.base.join(path));
        if let Some(path) = &named {
            self.readable(path, &["tokens".into(), "key_file".into()]);
        }
        TokensConfig { keys: KeyFile::new(named, data), work_bits: table.work_bits }
    }

    fn account(&mut self, records: &RecordsTable) {
        if records.account.len() != 12 || !records.account.bytes().all(|byte| byte.is_ascii_digit()) {
            let diagnostic = Diagnostic::error("account", "an AWS account id has twelve digits");
            self.error(diagnostic, &["records".into(), "account".into()]);
        }
        let region = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if records.region.is_empty() || !records.region.bytes().all(region) {
            let diagnostic =
                Diagnostic::error("region", "a Region is letters, digits and hyphens, such as ap-northeast-1");
            self.error(diagnostic, &["records".into(), "region".into()]);
        }
    }
}

fn records(table: RecordsTable) -> RecordsConfig {
    let RecordsTable {
        enabled,
        // A matter of the rules it belongs to.
        logging: _,
        account,
        region,
        flush_interval_ms,
        rotate_interval_s,
        segment_bytes_max,
        queue_bytes_max,
        overflow,
        mask_headers,
        mask_card_numbers,
    } = table;
    RecordsConfig {
        enabled,
        account,
        region,
        flush_interval_ms,
        rotate_interval_s,
        segment_bytes_max,
        queue_bytes_max,
        overflow,
        mask_headers,
        mask_card_numbers,
    }
}
