//! The figures as Markdown, and the goals with how far they were met.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::figures::Figure;
use super::Ingested;
use super::program::Measured;
use super::questions::Answers;

/// Goals, as the issue that asked for the lake states them.
const MB_PER_SECOND_MIN: f64 = 40.0;
const RSS_MB_MAX: f64 = 1_000.0;
const STORED_SHARE_MAX: f64 = 1.0 / 8.0;
const WEEK_P95_MAX: Duration = Duration::from_millis(300);
const YEAR_P95_MAX: Duration = Duration::from_secs(3);
const FIRST_ROWS_MAX: Duration = Duration::from_secs(1);
const GROUPING_RATIO_MAX: f64 = 1.5;

fn goal(lines: &mut String, what: &str, measured: &str, is_met: bool) {
    let verdict = if is_met { "met" } else { "not met" };
    writeln!(lines, "- {what}: {measured}, {verdict}").expect("a String takes any text");
}

/// Ours beside the peer's.
pub(super) fn ingest(ours: &Ingested, peer: &Ingested, raw_bytes: u64) -> String {
    let mut text = String::from("\n| | MB/s | processor s/GB | memory MB | stored |\n|---|---|---|---|---|\n");
    for (name, ingested) in [("sekisho", ours), ("DuckDB, JSON to Parquet", peer)] {
        let speed = Figure::of(ingested.runs.iter().map(|run| run.megabytes_per_second(raw_bytes)));
        let cpu = Figure::of(ingested.runs.iter().map(|run| run.cpu.as_secs_f64() / (raw_bytes as f64 / 1e9)));
        let share = raw_bytes as f64 / ingested.stored_bytes as f64;
        writeln!(
            text,
            "| {name} | {} | {} | {:.0} | 1/{share:.1} |",
            speed.shown(1),
            cpu.shown(1),
            memory(&ingested.runs)
        )
        .expect("a String takes any text");
    }
    let ratios = ours.runs.iter().zip(&peer.runs).map(|(ours, peer)| peer.wall.as_secs_f64() / ours.wall.as_secs_f64());
    writeln!(
        text,
        "\nThe speed of DuckDB's times: {}. It neither masks, nor seals, nor syncs.\n",
        Figure::of(ratios).shown(2)
    )
    .expect("a String takes any text");
    let speed = Figure::of(ours.runs.iter().map(|run| run.megabytes_per_second(raw_bytes)));
    goal(&mut text, "ingest at least 40 MB/s", &speed.shown(1), speed.median >= MB_PER_SECOND_MIN);
    let memory = memory(&ours.runs);
    goal(&mut text, "RSS at most 1 GB", &format!("{memory:.0} MB"), memory <= RSS_MB_MAX);
    let share = ours.stored_bytes as f64 / raw_bytes as f64;
    goal(&mut text, "stored at most 1/8", &format!("1/{:.1}", 1.0 / share), share <= STORED_SHARE_MAX);
    text
}

fn memory(runs: &[Measured]) -> f64 {
    runs.iter().map(|run| run.rss_bytes as f64 / 1e6).fold(0.0, f64::max)
}

/// The ingest of a year.
pub(super) fn large((run, raw_bytes, stored_bytes): &(Measured, u64, u64), events: u64) -> String {
    format!("\n{events} events, {:.1} GB: {}\n", *raw_bytes as f64 / 1e9, run.shown(*raw_bytes, *stored_bytes))
}

/// How long answers took.
pub(super) fn answers(answers: &Answers) -> String {
    let mut text = String::from("\nEach question starts the program anew.\n\n");
    for (what, times, max) in [
        ("an address over seven days, p95 at most 300 ms", &answers.week, WEEK_P95_MAX),
        ("an address over a year, p95 at most 3 s", &answers.year, YEAR_P95_MAX),
        ("first rows of a search for words, p95 at most 1 s", &answers.search, FIRST_ROWS_MAX),
    ] {
        let (median, p95) = (quantile(times, 0.5), quantile(times, 0.95));
        goal(&mut text, what, &format!("{p95:.0?} (median {median:.0?})"), p95 <= max);
    }
    let ratios = answers.grouped.iter().map(|(ours, peer)| ours.as_secs_f64() / peer.as_secs_f64());
    let ratio = Figure::of(ratios);
    let what = "grouping by five columns at most 1.5 × DuckDB's time";
    goal(&mut text, what, &ratio.shown(2), ratio.median <= GROUPING_RATIO_MAX);
    text
}

/// The time that this share of the answers took at most.
fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times: Vec<_> = (1..=40).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 0.95), Duration::from_millis(38));
        assert_eq!(quantile(&times, 0.5), Duration::from_millis(20));
        assert_eq!(quantile(&times[..1], 0.95), Duration::from_millis(1));
    }

    #[test]
    fn goals_are_called_met_only_when_they_are() {
        let run = |seconds| Measured {
            wall: Duration::from_secs(seconds),
            cpu: Duration::from_secs(1),
            rss_bytes: 900_000_000,
        };
        let ours = Ingested { runs: vec![run(20)], stored_bytes: 150_000_000 };
        let peer = Ingested { runs: vec![run(10)], stored_bytes: 100_000_000 };
        let text = ingest(&ours, &peer, 1_000_000_000);
        assert!(text.contains("at least 40 MB/s: 50.0 (50.0–50.0), met"), "{text}");
        assert!(text.contains("stored at most 1/8: 1/6.7, not met"), "{text}");
        assert!(text.contains("times: 0.50 (0.50–0.50)"), "{text}");
    }
}
