//! The figures of a run as Markdown: a table, and the goals with how far they were met.

use std::fmt::Write as _;

use super::edge::{Contender, Entry};
use super::figures::{Figure, Sample};
use crate::args::EdgeBench;
use crate::nginx::RESPONSE_BYTES;

/// Least requests per second of the checkpoint without rules, as a share of nginx's.
const THROUGHPUT_RATIO_MIN: f64 = 0.9;
/// Most CPU time the starter ACL may cost a browser-like GET, in microseconds.
const STARTER_CPU_US_MAX: f64 = 25.0;
/// Most resident memory of the checkpoint, in MB.
const RSS_MB_MAX: f64 = 60.0;

/// The samples of one contender.
type Row<'a> = (Contender, &'a [Sample]);

/// The whole report.
pub(super) fn markdown(entries: &[Entry], load: EdgeBench) -> String {
    let rows: Vec<Row<'_>> = entries.iter().map(|entry| (entry.contender, entry.samples.as_slice())).collect();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let EdgeBench { rounds, seconds, connections, .. } = load;
    format!(
        "\n{cores} cores; {rounds} rounds of {seconds} s each, {connections} connections, HTTP/1.1, a browser-like GET, \
         {RESPONSE_BYTES} bytes of response.\nMedian (least–most) across rounds; ratios are taken within a round. \
         The checkpoint writes a record of every request, unless said otherwise.\n\n{}\n{}",
        table(&rows),
        goals(&rows)
    )
}

fn table(rows: &[Row<'_>]) -> String {
    let mut table = String::from(
        "| proxy | requests/s | × nginx, no log | × nginx, access log | CPU µs/request | RSS MB |\n|---|---|---|---|---|---|\n",
    );
    for &(contender, samples) in rows {
        let rate = Figure::of(samples.iter().map(|sample| sample.requests_per_second)).shown(0);
        let cpu = Figure::of(samples.iter().map(|sample| sample.cpu_us_per_request)).shown(1);
        let rss = Figure::of(samples.iter().map(|sample| sample.rss_mb)).max;
        let plain = ratio(rows, samples, Contender::Nginx);
        let logging = ratio(rows, samples, Contender::NginxLogging);
        let row = format!("| {} | {rate} | {plain} | {logging} | {cpu} | {rss:.1} |\n", contender.name());
        table.push_str(&row);
    }
    table
}

fn ratio(rows: &[Row<'_>], samples: &[Sample], peer: Contender) -> String {
    let rate = |sample: &Sample| sample.requests_per_second;
    paired(rows, peer, samples, |ours, peer| rate(ours) / rate(peer)).map_or_else(String::new, |figure| figure.shown(2))
}

/// A figure of `ours` and of `peer`'s sample of the same round.
fn paired(
    rows: &[Row<'_>],
    peer: Contender,
    ours: &[Sample],
    figure: impl Fn(&Sample, &Sample) -> f64,
) -> Option<Figure> {
    let (_, peers) = rows.iter().find(|(contender, _)| *contender == peer)?;
    Some(Figure::of(ours.iter().zip(*peers).map(|(ours, peer)| figure(ours, peer))))
}

/// A line for each goal; none without the checkpoint.
fn goals(rows: &[Row<'_>]) -> String {
    let samples =
        |wanted: Contender| rows.iter().find(|(contender, _)| *contender == wanted).map(|(_, samples)| *samples);
    let (Some(bare), Some(no_rules), Some(starter)) =
        (samples(Contender::NoRecords), samples(Contender::NoRules), samples(Contender::Starter))
    else {
        return String::from("The checkpoint was left out of this run.\n");
    };
    let mut lines = String::new();
    let mut line = |goal: &str, measured: String, met: bool| {
        let verdict = if met { "met" } else { "not met" };
        writeln!(lines, "- {goal}: {measured}, {verdict}").expect("a String takes any text");
    };
    for (ours, no_rules, peer) in
        [(Contender::NoRecords, bare, Contender::Nginx), (Contender::NoRules, no_rules, Contender::NginxLogging)]
    {
        let rate = |ours: &Sample, peer: &Sample| ours.requests_per_second / peer.requests_per_second;
        if let Some(figure) = paired(rows, peer, no_rules, rate) {
            let goal = format!("{} at least {THROUGHPUT_RATIO_MIN} × the requests/s of {}", ours.name(), peer.name());
            line(&goal, figure.shown(2), figure.median >= THROUGHPUT_RATIO_MIN);
        }
    }
    let cost = |ours: &Sample, bare: &Sample| ours.cpu_us_per_request - bare.cpu_us_per_request;
    if let Some(figure) = paired(rows, Contender::NoRules, starter, cost) {
        let goal = format!("the starter ACL costs at most {STARTER_CPU_US_MAX} µs CPU");
        line(&goal, format!("{} µs", figure.shown(1)), figure.median <= STARTER_CPU_US_MAX);
    }
    let rss = Figure::of(no_rules.iter().chain(starter).map(|sample| sample.rss_mb)).max;
    line(&format!("RSS at most {RSS_MB_MAX} MB"), format!("{rss:.1} MB"), rss <= RSS_MB_MAX);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(requests_per_second: f64, cpu_us_per_request: f64, rss_mb: f64) -> Sample {
        Sample { requests_per_second, cpu_us_per_request, rss_mb }
    }

    #[test]
    fn ratios_and_costs_are_taken_within_a_round() {
        let nginx = [sample(100.0, 10.0, 5.0), sample(50.0, 10.0, 5.0), sample(100.0, 10.0, 5.0)];
        let logging = [sample(80.0, 12.0, 5.0); 3];
        let no_rules = [sample(95.0, 20.0, 30.0), sample(40.0, 30.0, 30.0), sample(91.0, 20.0, 30.0)];
        let bare = [sample(97.0, 18.0, 20.0), sample(46.0, 18.0, 20.0), sample(93.0, 18.0, 20.0)];
        let starter = [sample(60.0, 40.0, 61.0), sample(30.0, 60.0, 40.0), sample(60.0, 44.0, 40.0)];
        let rows: Vec<Row<'_>> = vec![
            (Contender::Nginx, &nginx),
            (Contender::NginxLogging, &logging),
            (Contender::NoRecords, &bare),
            (Contender::NoRules, &no_rules),
            (Contender::Starter, &starter),
        ];
        let table = table(&rows);
        assert!(table.contains("| sekisho, no rules | 91 (40–95) | 0.91 (0.80–0.95) | 1.14"), "{table}");
        let goals = goals(&rows);
        assert!(
            goals.contains("no records at least 0.9 × the requests/s of nginx, no log: 0.93 (0.92–0.97), met"),
            "{goals}"
        );
        assert!(goals.contains("24.0 (20.0–30.0) µs, met"), "{goals}");
        assert!(goals.contains("61.0 MB, not met"), "{goals}");
    }

    #[test]
    fn without_the_checkpoint_no_goal_is_claimed() {
        let nginx = [sample(100.0, 10.0, 5.0)];
        assert!(!goals(&[(Contender::Nginx, &nginx)]).contains("met"));
    }
}
