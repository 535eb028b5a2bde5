//! `sekisho samples`: requests that rules matched, in a running service.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;

use super::{AdminArgs, Outcome};
use crate::admin::{self, Answer};
use crate::explain::shown;
use crate::terminal;

/// Requests of each rule that people are shown, unless they ask for more.
const ITEMS_SHOWN: u16 = 20;
/// Columns of a table: what is said of a request.
const COLUMNS: [&str; 8] = ["TIME", "ACTION", "CLIENT", "COUNTRY", "METHOD", "URI", "STANDS FOR", "RULE IN GROUP"];

/// Show requests that rules matched in the last three hours.
#[derive(Debug, Args)]
pub(super) struct SamplesArgs {
    /// Metric name of the rule, or its name; `Default_Action` for requests that no rule ended. Default: every rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// How many requests, of each rule if there are several: 1 to 500. Default: 20, or 100 with --json
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    max_items: Option<u16>,
    /// Only requests since then: seconds since the epoch, or a time such as 2026-11-22T09:30:00Z
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,
    /// Only requests until then
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,
    /// Print the service's answer as it is, in the form of `aws wafv2 get-sampled-requests`; of all rules together if none
    /// is named
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

/// What samples can be asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    rule_metric_names: Vec<String>,
    default_action: String,
}

/// The samples of one rule, as far as people see them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Samples {
    sampled_requests: Vec<Sample>,
    population_size: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sample {
    request: Request,
    weight: u64,
    timestamp: f64,
    action: String,
    rule_name_within_rule_group: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(rename = "ClientIP")]
    client_ip: String,
    country: String,
    #[serde(rename = "URI")]
    uri: String,
    method: String,
}

pub(super) fn samples(args: &SamplesArgs) -> Outcome {
    let address = args.admin.address()?;
    if args.json {
        let body = ask(address, &args.target(args.rule.as_deref()))?;
        terminal::print(&String::from_utf8_lossy(&body))?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = match &args.rule {
        Some(name) => vec![(name.clone(), name.clone())],
        None => {
            let names: Names = read(&ask(address, "/samples/names")?)?;
            let heading = |name: &String| match *name == names.default_action {
                true => format!("{name} (default action)"),
                false => name.clone(),
            };
            names.rule_metric_names.iter().map(|name| (name.clone(), heading(name))).collect()
        }
    };
    let mut text = String::new();
    for (name, heading) in names {
        let samples: Samples = read(&ask(address, &args.target(Some(&name)))?)?;
        if samples.population_size > 0 {
            text.push_str(&table(&heading, &samples));
            text.push('\n');
        }
    }
    if text.is_empty() {
        text.push_str("no samples: nothing has matched, or samples are switched off\n");
    }
    terminal::print(text.strip_suffix('\n').unwrap_or(&text))?;
    terminal::print("\n")?;
    Ok(ExitCode::SUCCESS)
}

impl SamplesArgs {
    fn target(&self, name: Option<&str>) -> String {
        let items = self.max_items.or((!self.json).then_some(ITEMS_SHOWN)).map(|items| items.to_string());
        let pairs = [
            ("rule-metric-name", name),
            ("max-items", items.as_deref()),
            ("start-time", self.start_time.as_deref()),
            ("end-time", self.end_time.as_deref()),
        ];
        let pairs: Vec<_> =
            pairs.iter().filter_map(|(key, value)| Some(format!("{key}={}", encoded((*value)?)))).collect();
        format!("/samples?{}", pairs.join("&"))
    }
}

/// The body of an answer; what the service says against the question is an error.
fn ask(address: SocketAddr, target: &str) -> anyhow::Result<Vec<u8>> {
    let Answer { status, body } = admin::get(address, target)?;
    if status != 200 {
        let said: String = String::from_utf8_lossy(&body).chars().filter(|said| !said.is_control()).collect();
        anyhow::bail!("the service at {address} answered with status {status}: {said}");
    }
    Ok(body)
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("failed to read the service's answer")
}

/// Percent-encoded, but for what no query gives a meaning.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The samples of one rule in columns.
fn table(heading: &str, samples: &Samples) -> String {
    let grouped = samples.sampled_requests.iter().any(|sample| sample.rule_name_within_rule_group.is_some());
    let columns = if grouped { COLUMNS.len() } else { COLUMNS.len() - 1 };
    let rows: Vec<[String; COLUMNS.len()]> = samples.sampled_requests.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([COLUMNS[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = match (samples.population_size, rows.len()) {
        (1, 1) => format!("{heading}: 1 request\n"),
        (population, shown) if population == shown as u64 => format!("{heading}: {population} requests\n"),
        (population, shown) => format!("{heading}: {population} requests, {shown} of them shown\n"),
    };
    let mut line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        let joined = padded.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "    {}", joined.trim_end());
    };
    line(&COLUMNS.map(str::to_owned)[..columns]);
    rows.iter().for_each(|row| line(&row[..columns]));
    text
}

fn row(sample: &Sample) -> [String; COLUMNS.len()] {
    let at = Timestamp::from_second(sample.timestamp as i64).unwrap_or_default();
    let cell = |text: &str| shown(text.as_bytes());
    [
        at.to_string(),
        cell(&sample.action),
        cell(&sample.request.client_ip),
        cell(&sample.request.country),
        cell(&sample.request.method),
        cell(&sample.request.uri),
        sample.weight.to_string(),
        cell(sample.rule_name_within_rule_group.as_deref().unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_shown_in_columns_and_harmlessly() {
        let text = r#"{"SampledRequests":[
            {"Request":{"ClientIP":"192.0.2.7","Country":"JP","URI":"/a","Method":"GET","HTTPVersion":"HTTP/1.1","Headers":[]},
             "Timestamp":1795299944.123,"Action":"BLOCK","Weight":12},
            {"Request":{"ClientIP":"2001:db8::1","Country":"-","URI":"/\u001b[31m","Method":"DELETE","HTTPVersion":"HTTP/2.0",
             "Headers":[]},"Timestamp":1795299900.000,"Action":"COUNT","RuleNameWithinRuleGroup":"AWS#G#r","Weight":1}],
            "PopulationSize":13,"TimeWindow":{"StartTime":0.000,"EndTime":1.000}}"#;
        let expected = "\
use-g: 13 requests, 2 of them shown
    TIME                  ACTION  CLIENT       COUNTRY  METHOD  URI          STANDS FOR  RULE IN GROUP
    2026-11-21T22:25:44Z  BLOCK   192.0.2.7    JP       GET     /a           12
    2026-11-21T22:25:00Z  COUNT   2001:db8::1  -        DELETE  /\\u{1b}[31m  1           AWS#G#r
";
        assert_eq!(table("use-g", &serde_json::from_str(text).unwrap()), expected);
    }

    #[test]
    fn names_and_times_survive_the_query() {
        assert_eq!(encoded("a#b 2026-11-22T10:00:00+09:00"), "a%23b%202026-11-22T10:00:00%2B09:00");
    }
}
