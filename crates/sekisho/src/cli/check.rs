//! `sekisho check`: one request held against a web ACL, explained.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use sekisho_edge::body::Inspected;
use sekisho_edge::clock::SystemClock;
use sekisho_edge::http1::{self, read::RawRequest};
use sekisho_edge::record::{Details, Judged, MaskSettings, Occurrence, Recorder, Source, Subject, Veil, details};
use sekisho_model::{Clock, Diagnostic, Diagnostics};
use sekisho_waf::transaction::{InspectedBody, Intervention, PhasedContext, PhasedRules, Transaction};
use sekisho_waf::{
    Body, BodySize, Client, Context, Decision, Header, NoRates, PlaceSource, Request, Scratch, Verdict, reference,
};
use sekisho_waf_lang::aws::{LoadOptions, ResourceType};

use super::token_state::TokenArgs;
use super::{Failure, Outcome, RulesArgs, SecLangArgs};
use crate::config::RulesConfig;
use crate::rules::{self, LoadedRules};
use crate::{explain, terminal};

/// A request larger than this (bytes) is not read.
const REQUEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Hold one request against a web ACL and explain the decision.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    seclang: SecLangArgs,
    /// Address of the client
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    client_ip: IpAddr,
    /// Country of the client, as if looked up: two letters
    #[arg(long, value_name = "CC", value_parser = country)]
    country: Option<String>,
    /// Autonomous system number of the client, as if looked up
    #[arg(long, value_name = "N")]
    asn: Option<u32>,
    /// JA3 fingerprint of the client
    #[arg(long, value_name = "H")]
    ja3: Option<String>,
    /// JA4 fingerprint of the client
    #[arg(long, value_name = "S")]
    ja4: Option<String>,
    #[command(flatten)]
    token: TokenArgs,
    /// What the request came through in AWS: decides how much of a body is inspected
    #[arg(long, value_enum, default_value_t = OriginKind::Cloudfront)]
    origin: OriginKind,
    /// Print only the decision record, one line in the AWS WAF log format
    #[arg(long)]
    json: bool,
    /// File with a raw HTTP/1.1 request; `-` is standard input
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
}

/// What a request comes through in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OriginKind {
    Alb,
    Cloudfront,
    ApiGateway,
}

fn country(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("a country is two letters, such as JP".to_owned())
    }
}

pub(super) fn check(args: &CheckArgs) -> Outcome {
    let bytes = read_request(&args.request)?;
    let options = LoadOptions { resource_type: Some(args.origin.resource_type()) };
    let config = RulesConfig { seclang: args.seclang.clone().into_config(), ..args.rules.clone().into_config() };
    let loaded = rules::load_for(&config, &options)?;
    terminal::print_diagnostics(&loaded.warnings);
    let rule_set = &loaded.rule_set;
    let limits = http1::Limits { fragments: rule_set.inspects_fragment(), ..http1::Limits::default() };
    let raw = http1::read::read(&bytes, limits)
        .map_err(|error| Failure::Unusable(unusable(&args.request, &error.to_string())))?;
    let body_max = rule_set.policy().body_inspected_bytes_max.unwrap_or(args.origin.body_bytes_max());
    let held = Held::of(&raw, body_max);
    let request = args.request(&raw, &held);
    let now = SystemClock.now();
    let token = args.token.at(now);
    let context = Context { now, rates: &NoRates, places: loaded.places.as_ref(), token: &token };
    let (verdict, trace) = reference::evaluate(rule_set.policy(), rule_set.limits(), &request, &context);
    let mut scratch = Scratch::new();
    if *rule_set.evaluate(&request, &context, &mut scratch) != verdict {
        return Err(
            anyhow::anyhow!("the two evaluators disagree on this request; please report it with the request").into()
        );
    }
    for note in &raw.notes {
        terminal::note(&format!("note: {note}"));
    }
    let phases = loaded.phased.as_ref().filter(|_| verdict.decision == Decision::Allow);
    let phases = phases.map(|rules| Phases::run(rules, &request, &raw, &context));
    if args.json {
        let in_group = trace.transactions.first();
        terminal::print(&args.record(&loaded, &request, &verdict, &context, phases.as_ref(), in_group))?;
    } else {
        let judgement = phases.as_ref().map(Phases::judgement);
        let color = terminal::color_out();
        terminal::print(&explain::explain(rule_set.policy(), &request, (&verdict, &trace), judgement, color))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What came of a request held against rules in phases.
struct Phases {
    transaction: Transaction,
    stopped: Option<Intervention>,
}

impl Phases {
    fn judgement(&self) -> explain::Judgement<'_> {
        explain::Judgement { transaction: &self.transaction, stopped: self.stopped.as_ref() }
    }

    /// Runs the phases of a request, and the last one.
    fn run(rules: &Arc<PhasedRules>, request: &Request<'_>, raw: &RawRequest<'_>, context: &Context<'_>) -> Self {
        let mut transaction = Transaction::new();
        let context = PhasedContext { places: context.places, unique_id: "check", ..PhasedContext::at(context.now) };
        transaction.begin(rules, request, &context);
        let mut stopped = transaction.request_headers(&context);
        if stopped.is_none() {
            let wanted = transaction.request_body_wanted();
            let bytes_max = wanted.map_or(0, |wanted| usize::try_from(wanted.bytes_max).unwrap_or(usize::MAX));
            let coding = request.header("content-encoding");
            let body = sekisho_edge::body::inspect(&raw.body, coding, bytes_max);
            let over_limit = wanted.is_some() && body.truncated && !body.undecodable;
            stopped = transaction.request_body(InspectedBody { bytes: &body.bytes, over_limit }, &context);
        }
        transaction.logging(&context);
        Self { transaction, stopped }
    }
}

fn read_request(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| Failure::Unusable(unusable(path, &error.to_string())))?)
    };
    let read = input.take(REQUEST_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Unusable(unusable(path, &error.to_string())))?;
    if bytes.len() as u64 > REQUEST_BYTES_MAX {
        return Err(Failure::Unusable(unusable(path, &format!("it has more than {REQUEST_BYTES_MAX} bytes"))));
    }
    Ok(bytes)
}

fn unusable(path: &Path, why: &str) -> Diagnostics {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    Diagnostic::error("request", format!("cannot use {name} as a request: {why}"))
        .help("a request begins with a line such as `GET /search?q=cat HTTP/1.1`")
        .into()
}

impl OriginKind {
    fn resource_type(self) -> ResourceType {
        match self {
            Self::Alb => ResourceType::LoadBalancer,
            Self::Cloudfront => ResourceType::CloudFront,
            Self::ApiGateway => ResourceType::ApiGateway,
        }
    }

    /// Body bytes inspected where the web ACL says nothing.
    ///
    /// Source: AWS WAF Developer Guide, "Considerations for managing body inspection in AWS WAF".
    fn body_bytes_max(self) -> usize {
        match self {
            Self::Alb => 8 * 1024,
            Self::Cloudfront | Self::ApiGateway => 16 * 1024,
        }
    }

    /// The name AWS logs go by.
    fn source_name(self) -> &'static str {
        match self {
            Self::Alb => "ALB",
            Self::Cloudfront => "CF",
            Self::ApiGateway => "APIGW",
        }
    }
}

/// What of a request must be held to be lent to the engine.
struct Held<'a> {
    headers: Vec<Header<'a>>,
    body: Inspected<'a>,
}

impl<'a> Held<'a> {
    fn of(raw: &'a RawRequest<'a>, body_max: usize) -> Self {
        let headers: Vec<_> =
            raw.headers.iter().map(|header| Header { name: header.name, value: header.value.as_ref() }).collect();
        let coding = headers.iter().find(|header| header.is("content-encoding")).map(|header| header.value);
        let body = sekisho_edge::body::inspect(&raw.body, coding, body_max);
        Self { headers, body }
    }
}

impl CheckArgs {
    fn request<'a>(&'a self, raw: &'a RawRequest<'a>, held: &'a Held<'a>) -> Request<'a> {
        Request {
            method: raw.method,
            path: raw.parts.path_or_root(),
            query: raw.parts.query.unwrap_or_default(),
            fragment: raw.parts.fragment,
            version: raw.version,
            scheme: "https",
            headers: &held.headers,
            body: Body {
                bytes: &held.body.bytes,
                size: BodySize::Exact(raw.body.len() as u64),
                truncated: held.body.truncated,
            },
            client: Client {
                ip: self.client_ip,
                country: self.country.as_deref(),
                asn: self.asn,
                ja3: self.ja3.as_deref(),
                ja4: self.ja4.as_deref(),
            },
        }
    }

    fn record(
        &self,
        loaded: &LoadedRules,
        request: &Request<'_>,
        verdict: &Verdict,
        context: &Context<'_>,
        phases: Option<&Phases>,
        in_group: Option<&Transaction>,
    ) -> String {
        let policy = loaded.rule_set.policy();
        let details = Details::of(&loaded.rule_set, request, verdict);
        let inserted: Vec<_> = verdict.inserted_headers(policy).collect();
        let source = Source { name: self.origin.source_name().to_owned(), id: "-".to_owned() };
        let veil = Veil::of(policy, &loaded.logging.redacted)
            .and_sanitised(loaded.phased.iter().flat_map(|rules| &rules.settings().sanitised));
        let mut line = Vec::new();
        let country = loaded.places.place(self.client_ip).map(|place| place.country);
        let occurrence = Occurrence {
            at: context.now,
            request_id: "check",
            country: self.country.as_deref().or(country),
            asn: policy.asks_for_asn().then(|| self.asn.or_else(|| loaded.places.asn(self.client_ip))).flatten(),
            response_code_sent: details::custom_status(verdict, policy),
            inserted: &inserted,
            match_details: &[],
        };
        details.lend(|match_details| {
            let occurrence = Occurrence { match_details, ..occurrence };
            let subject = Subject::Evaluated { request, verdict };
            let mut recorder = Recorder::new(&source, &MaskSettings::default());
            match phases {
                None => {
                    recorder.write(policy, &veil, &occurrence, subject, &mut line);
                    if let Some(transaction) = in_group {
                        recorder.add_phases(&veil, transaction, &mut line);
                    }
                }
                Some(Phases { transaction, stopped }) => {
                    let judged = Judged { transaction, stopped: stopped.as_ref() };
                    recorder.write_judged(policy, &veil, &occurrence, subject, &judged, &mut line);
                }
            }
        });
        String::from_utf8(line).expect("records are UTF-8")
    }
}
