//! `sekisho demo`: a sample shop, the checkpoint in front of it, customers and attackers, live.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sekisho_edge::Witness;
use sekisho_edge::settings::Tolerated;
use sekisho_shop::demo::{Outcome as Met, Pace, Review, Turn, play};
use sekisho_shop::{Loopback, Shop};
use sekisho_waf::Decision;
use serde_json::Value;

use super::Outcome;
use crate::config::{Config, Guard, RulesConfig};
use crate::service::Service;
use crate::terminal;

/// Watch a sample shop, its customers and its attackers, with the checkpoint in between.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Milliseconds each actor rests between two requests
    #[arg(long, value_name = "MS", default_value_t = Pace::default().rest_ms)]
    rest_ms: u64,
    /// How often each actor performs the whole part
    #[arg(long, value_name = "N", default_value_t = 1)]
    rounds: u32,
}

/// Keeps why requests were blocked until their turn is shown.
#[derive(Default)]
struct Reasons(Mutex<Vec<Reason>>);

/// Why one request was blocked.
struct Reason {
    target: String,
    why: String,
}

pub(super) fn demo(args: &DemoArgs) -> Outcome {
    let folder = tempfile::tempdir().context("failed to make a folder for the demo's records")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("failed to start the demo's runtime")?;
    let (shop, serving) =
        runtime.block_on(async { Shop::bind(([127, 0, 0, 1], 0).into()) }).context("failed to open the shop")?;
    runtime.spawn(serving);
    let reasons = Arc::new(Reasons::default());
    let config = Config::guard(Guard {
        upstream: format!("http://{shop}"),
        listen: ([127, 0, 0, 1], 0).into(),
        tls: None,
        admin: None,
        rules: RulesConfig::default(),
        data: folder.path().to_owned(),
        tolerated: Tolerated::default(),
    })?;
    let service = Service::start(config, Some(Arc::clone(&reasons) as Arc<dyn Witness>))?;
    let door = service.addresses()[0];
    terminal::print(&format!("the shop is at http://{shop}, the checkpoint in front of it at http://{door}\n\n"))?;
    let pace = Pace { rest_ms: args.rest_ms, rounds: args.rounds };
    let base = Loopback::new(door).map_err(anyhow::Error::from)?;
    let review = runtime.block_on(play(base, pace, |turn| show(turn, &reasons)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    close(&review)?;
    service.stop()?;
    Ok(if review.is_perfect() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Witness for Reasons {
    fn decided(&self, decision: Decision, record: &[u8]) {
        if decision != Decision::Block {
            return;
        }
        if let Some(reason) = Reason::of(record) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
        }
    }
}

impl Reasons {
    /// Takes the reason why the request of this turn was blocked. One that was refused unread has no target.
    fn take(&self, turn: &Turn) -> Option<String> {
        let unread = !matches!(turn.outcome, Met::Answered(403));
        let is_of_turn = |reason: &Reason| match turn.target.strip_suffix('…') {
            _ if unread => reason.target.is_empty(),
            Some(cut) => reason.target.starts_with(cut),
            None => reason.target == turn.target,
        };
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = reasons.iter().position(is_of_turn)?;
        Some(reasons.remove(at).why)
    }
}

impl Reason {
    /// Reads a line of the log.
    fn of(record: &[u8]) -> Option<Self> {
        let record: Value = serde_json::from_slice(record).ok()?;
        let request = &record["httpRequest"];
        let uri = request["uri"].as_str().unwrap_or_default();
        let target = match request["args"].as_str() {
            Some(args) if !args.is_empty() => format!("{uri}?{args}"),
            _ => uri.to_owned(),
        };
        let rule = record["terminatingRuleId"].as_str().unwrap_or_default();
        let groups = record["ruleGroupList"].as_array().into_iter().flatten();
        let member = groups.filter_map(|group| group["terminatingRule"]["ruleId"].as_str()).next_back();
        let why = match (member, record["failure"]["reason"].as_str()) {
            (Some(member), _) => format!("{rule} / {member}"),
            (None, Some(failure)) => format!("{rule}: {failure}"),
            (None, None) => rule.to_owned(),
        };
        Some(Self { target, why })
    }
}

fn show(turn: &Turn, reasons: &Reasons) {
    let color = terminal::color_out();
    let paint = |code: &str, text: &str| if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let blocked = matches!(turn.outcome, Met::Answered(400..=499) | Met::Closed) && turn.actor.is_attacker();
    let outcome = match &turn.outcome {
        Met::Answered(status) => status.to_string(),
        Met::Closed => "closed".to_owned(),
        Met::Failed(why) => why.clone(),
    };
    let mark = match (turn.met, turn.actor.is_attacker()) {
        (true, true) if blocked => paint("1;31", "stopped"),
        (true, _) => paint("32", "passed "),
        (false, true) => paint("1;33", "THROUGH"),
        (false, false) => paint("1;33", "REFUSED"),
    };
    let who = format!("{:<18}", turn.actor.name());
    let mut line = format!("{mark} {outcome:>6}  {who} {}  {} {}\n", turn.title, turn.method, turn.target);
    if let Some(why) = blocked.then(|| reasons.take(turn)).flatten() {
        line.push_str(&format!("                 {} {}\n", paint("2", "because of"), paint("2", &why)));
    }
    if !turn.met {
        line.push_str(&format!("                 expected: {}\n", turn.expected));
    }
    // Whoever reads along may stop; the play goes on to its review.
    let _ = terminal::print(&line);
}

fn close(review: &Review) -> std::io::Result<()> {
    let Review { customers_served, customers_turned_away, attacks_stopped, attacks_through } = review;
    terminal::print(&format!(
        "\ncustomers: {customers_served} requests served, {customers_turned_away} turned away\n\
         attackers: {attacks_stopped} requests met as they should be, {attacks_through} got through\n"
    ))
}
