//! What was measured, as Markdown, and the goals with how far they were met.

use std::fmt::Write as _;
use std::time::Duration;

use crate::hostile::Shape;
use crate::wire::Wire;

/// How many times less CPU our engine takes than the other, for each request.
const TIMES_MIN: f64 = 5.0;
/// How long loading and compiling the rules may take.
const LOADING_MS_MAX: f64 = 500.0;
/// What paranoia 4 may cost, in times of paranoia 1.
const PARANOIA_TIMES_MAX: f64 = 2.0;
/// How long a body of 1 MB may take, at the 99.9th percentile.
const HOSTILE_MS_MAX: f64 = 50.0;

/// One request: CPU time of a decision in microseconds, round by round.
pub struct Row {
    name: String,
    status: u16,
    /// What each engine made of it: ours, theirs.
    outcomes: [Option<u16>; 2],
    pub ours: Vec<f64>,
    pub theirs: Vec<f64>,
    pub paranoid: Vec<f64>,
}

impl Row {
    pub fn new(wire: &Wire) -> Self {
        let (name, status) = (wire.name.clone(), wire.status);
        Self { name, status, outcomes: [None; 2], ours: Vec::new(), theirs: Vec::new(), paranoid: Vec::new() }
    }

    /// Keeps what each engine made of the request.
    pub fn check(&mut self, outcomes: [Option<u16>; 2]) {
        self.outcomes = outcomes;
    }
}

/// The median, the least and the most.
fn figure(values: impl IntoIterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        all => (all[all.len() / 2], all[0], all[all.len() - 1]),
    }
}

fn shown(values: impl IntoIterator<Item = f64>, digits: usize) -> String {
    let (median, least, most) = figure(values);
    format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}

/// The engines beside each other.
pub fn engines(rows: &[Row], loading: Duration, their_loading: Duration) -> String {
    let mut text = String::from(
        "\nEngines alone, one thread, all five phases, CPU µs a request: median (least–most) across rounds.\n\n\
         | request | sekisho | zentinel-modsec | times | sekisho, paranoia 4 |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let times = row.theirs.iter().zip(&row.ours).map(|(theirs, ours)| theirs / ours);
        let paranoid = if row.paranoid.is_empty() { String::new() } else { shown(row.paranoid.iter().copied(), 1) };
        let (ours, theirs) = (shown(row.ours.iter().copied(), 1), shown(row.theirs.iter().copied(), 1));
        let _ = writeln!(text, "| {} | {ours} | {theirs} | {} | {paranoid} |", row.name, shown(times, 1));
    }
    text.push('\n');
    for row in rows {
        let (times, ..) = figure(row.theirs.iter().zip(&row.ours).map(|(theirs, ours)| theirs / ours));
        let (name, met) = (&row.name, verdict(times >= TIMES_MIN));
        let _ = writeln!(text, "- {name}: at least {TIMES_MIN} × less CPU than zentinel-modsec: {times:.1} ×, {met}");
        let pairs = row.paranoid.iter().zip(&row.ours).map(|(paranoid, ours)| paranoid / ours);
        let (times, ..) = figure(pairs);
        if !times.is_nan() {
            let met = verdict(times <= PARANOIA_TIMES_MAX);
            let _ =
                writeln!(text, "- {name}: paranoia 4 at most {PARANOIA_TIMES_MAX} × paranoia 1: {times:.2} ×, {met}");
        }
        let expected = (row.status != 200).then_some(row.status);
        for (engine, outcome) in ["sekisho", "zentinel-modsec"].into_iter().zip(row.outcomes) {
            if outcome != expected {
                let _ = writeln!(text, "- {name}: {engine} decides {outcome:?} instead of {expected:?}");
            }
        }
    }
    let ms = loading.as_secs_f64() * 1e3;
    let met = verdict(ms <= LOADING_MS_MAX);
    let _ = writeln!(text, "- rules loaded and compiled within {LOADING_MS_MAX} ms: {ms:.0} ms, {met}");
    let _ = writeln!(text, "- zentinel-modsec loads them in {:.0} ms", their_loading.as_secs_f64() * 1e3);
    text
}

/// Bodies made to be slow, under some limits.
pub fn hostile(limits: &str, shapes: &[Shape]) -> String {
    let mut text = format!("Under {limits}:\n\n| 1 MB body of | runs | p50 ms | p99.9 ms |\n|---|---|---|---|\n");
    for Shape { name, runs, p50_ms, p99_9_ms } in shapes {
        let _ = writeln!(text, "| {name} | {runs} | {p50_ms:.2} | {p99_9_ms:.2} |");
    }
    let worst = shapes.iter().map(|shape| shape.p99_9_ms).fold(0.0, f64::max);
    let met = verdict(worst <= HOSTILE_MS_MAX);
    let _ = writeln!(
        text,
        "\n- p99.9 of every 1 MB body at most {HOSTILE_MS_MAX} ms, {limits}: {worst:.1} ms at worst, {met}"
    );
    text
}
