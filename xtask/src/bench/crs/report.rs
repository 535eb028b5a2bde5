//! The figures of the proxies as Markdown, and the goals with how far they were met.

use std::fmt::Write as _;

use super::super::figures::{Figure, Sample};
use super::loads::Load;
use super::pace::Latency;
use super::{Contender, Entry, Measured};
use crate::args::CrsBench;

/// How many times less CPU the checkpoint takes than nginx with ModSecurity, for each request.
const CPU_TIMES_MIN: f64 = 10.0;
/// Requests a second of the 950-argument POST, on two cores.
const ARGUMENTS_PER_SECOND_MIN: f64 = 300.0;
/// Most resident memory of the checkpoint, in MB.
const RSS_MB_MAX: f64 = 100.0;
/// What paranoia 4 may cost, in times of paranoia 1.
const PARANOIA_TIMES_MAX: f64 = 2.0;

/// The whole report.
pub(super) fn proxies(loads: &[Load], entries: &[Entry], wanted: CrsBench) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let CrsBench { rounds, seconds, connections, .. } = wanted;
    let mut text = format!(
        "\n{cores} cores; {rounds} rounds of {seconds} s for each contender and request, {connections} connections.\n\
         Median (least–most) across rounds; ratios are taken within a round. p50 and p99 are at a steady load, the same \
         for both: half of ModSecurity's requests/s.\n\n\
         | request | proxy | requests/s | CPU µs/request | p50 ms | p99 ms | RSS MB |\n|---|---|---|---|---|---|---|\n"
    );
    for (at, load) in loads.iter().enumerate() {
        for entry in entries.iter().filter(|entry| !entry.measured[at].samples.is_empty()) {
            text.push_str(&row(load.name, entry.contender.name(), &entry.measured[at]));
        }
    }
    text.push('\n');
    let find = |contender| entries.iter().find(|entry| entry.contender == contender).map(|entry| &entry.measured[..]);
    let found = (find(Contender::ModSecurity), find(Contender::Checkpoint), find(Contender::Paranoid));
    match found {
        (Some(theirs), Some(ours), Some(paranoid)) => text.push_str(&goals(loads, theirs, ours, paranoid)),
        _ => text.push_str("The checkpoint was left out of this run.\n"),
    }
    text
}

fn row(load: &str, contender: &str, measured: &Measured) -> String {
    let figure = |of: fn(&Sample) -> f64| Figure::of(measured.samples.iter().map(of));
    let latency = |of: fn(&Latency) -> f64| match measured.latencies.is_empty() {
        true => String::new(),
        false => Figure::of(measured.latencies.iter().map(of)).shown(2),
    };
    format!(
        "| {load} | {contender} | {} | {} | {} | {} | {:.1} |\n",
        figure(|sample| sample.requests_per_second).shown(0),
        figure(|sample| sample.cpu_us_per_request).shown(1),
        latency(|latency| latency.p50_ms),
        latency(|latency| latency.p99_ms),
        figure(|sample| sample.rss_mb).max
    )
}

/// A line for each goal.
fn goals(loads: &[Load], theirs: &[Measured], ours: &[Measured], paranoid: &[Measured]) -> String {
    let mut lines = String::new();
    let mut line = |goal: &str, measured: String, met: bool| {
        let verdict = if met { "met" } else { "not met" };
        writeln!(lines, "- {goal}: {measured}, {verdict}").expect("a String takes any text");
    };
    let paired = |one: &Measured, other: &Measured, ratio: fn(&Sample, &Sample) -> f64| {
        Figure::of(one.samples.iter().zip(&other.samples).map(|(one, other)| ratio(one, other)))
    };
    for (at, load) in loads.iter().enumerate() {
        let times = paired(&theirs[at], &ours[at], |theirs, ours| theirs.cpu_us_per_request / ours.cpu_us_per_request);
        let goal = format!("{}: at least {CPU_TIMES_MIN} × less CPU than nginx + ModSecurity", load.name);
        line(&goal, format!("{} ×", times.shown(1)), times.median >= CPU_TIMES_MIN);
        let p99 = |measured: &Measured| Figure::of(measured.latencies.iter().map(|latency| latency.p99_ms));
        let (their_p99, our_p99) = (p99(&theirs[at]), p99(&ours[at]));
        let goal = format!("{}: p99 no worse at equal load", load.name);
        line(
            &goal,
            format!("{} ms beside {} ms", our_p99.shown(2), their_p99.shown(2)),
            our_p99.median <= their_p99.median,
        );
        if load.name.starts_with("950") {
            let rate = Figure::of(ours[at].samples.iter().map(|sample| sample.requests_per_second));
            let goal = format!("{}: at least {ARGUMENTS_PER_SECOND_MIN} requests/s", load.name);
            line(&goal, rate.shown(0), rate.median >= ARGUMENTS_PER_SECOND_MIN);
        }
        if !paranoid[at].samples.is_empty() {
            let times = paired(&paranoid[at], &ours[at], |paranoid, ours| {
                paranoid.cpu_us_per_request / ours.cpu_us_per_request
            });
            let goal = format!("{}: paranoia 4 costs at most {PARANOIA_TIMES_MAX} × paranoia 1", load.name);
            line(&goal, format!("{} ×", times.shown(2)), times.median <= PARANOIA_TIMES_MAX);
        }
    }
    let rss = Figure::of(ours.iter().flat_map(|measured| &measured.samples).map(|sample| sample.rss_mb)).max;
    line(&format!("RSS at most {RSS_MB_MAX} MB"), format!("{rss:.1} MB"), rss <= RSS_MB_MAX);
    lines
}

#[cfg(test)]
mod tests {
    use super::super::loads;
    use super::*;

    fn measured(cpu_us_per_request: f64, p99_ms: f64) -> Vec<Measured> {
        let sample = Sample { requests_per_second: 400.0, cpu_us_per_request, rss_mb: 60.0 };
        let one = Measured { samples: vec![sample; 2], latencies: vec![Latency { p50_ms: 1.0, p99_ms }; 2] };
        vec![one; 6]
    }

    #[test]
    fn every_goal_is_held_to_what_was_measured() {
        let loads = loads::all();
        let lines = goals(&loads, &measured(1000.0, 3.0), &measured(90.0, 2.0), &measured(190.0, 2.0));
        assert!(
            lines.contains("small JSON POST: at least 10 × less CPU than nginx + ModSecurity: 11.1 (11.1–11.1) ×, met"),
            "{lines}"
        );
        assert!(lines.contains("paranoia 4 costs at most 2 × paranoia 1: 2.11 (2.11–2.11) ×, not met"), "{lines}");
        assert!(lines.contains("950-argument POST: at least 300 requests/s: 400 (400–400), met"), "{lines}");
        assert_eq!(lines.matches("p99 no worse").count(), 6);
    }
}
