//! What expressions that need to go back cost: with `backtracking` as the argument.
//!
//! Usual requests are held against the Core Rule Set alone, with rules of our own that a linear engine can run, and with the same
//! rules whose expressions look around, refer back or do not give back. Then come values made to have such an expression go back,
//! and go back again. Processor time counts.

use std::path::Path;

use sekisho_waf::transaction::Transaction;

use crate::cpu_time;
use crate::loads::{Load, all};
use crate::rules::{Rules, load_with_own};

/// Steps that rules may go back for a value: what the documentation calls enough.
const STEPS: u32 = 10_000;
/// The most that a setting can allow.
const STEPS_MAX: u32 = 1_000_000;
const RUNS: usize = 51;
const HOSTILE_RUNS: usize = 11;

/// What is looked at by rules as people write them.
const TARGETS: &str = "ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_HEADERS|REQUEST_FILENAME|XML:/*";
/// Expressions, each as a linear engine can run it and as it was written.
const EXPRESSIONS: [(&str, &str); 10] = [
    (r"(?i)union.{1,100}?select\W", r"(?i)union(?!\w).{1,100}?select(?=\W)"),
    (r"(?i)<[a-z][^>]*\son\w+=", r"(?i)<(?!/?(?:b|i|em|strong|p)\b)[a-z][^>]*\son\w+="),
    (r"(?i)\b(?:eval|system|exec)\s*\([^)]", r"(?i)(?<!\w)(?:eval|system|exec)\s*\((?!\s*\))"),
    (r"(?i)\bor\s+(\w+)\s*=\s*\w+", r"(?i)\bor\s+(\w+)\s*=\s*\1\b"),
    (r"(?:\.\./)+etc", r"(?>(?:\.\./)+)etc"),
    (r"(?i)https?://[a-z.]+/.*\.php", r"(?i)https?://(?!(?:www\.)?shop\.example/)[a-z.]+/.*\.php"),
    (r"['\x22][^'\x22]*['\x22]\s*=\s*['\x22]", r"(['\x22])[^'\x22]*\1\s*=\s*\1"),
    (r"\$\{[^}]*\bjndi", r"\$\{(?=[^}]*jndi)[^}]*:"),
    (r"(?i)\b(?:drop|delete|alter)\s+(?:table|from)\b", r"(?i)\b(?:drop|delete|alter)\s++(?:table|from)\b(?!\s+the)"),
    (r"[\x00-\x08]", r"(?<!%)[\x00-\x08](?![\x00-\x08])"),
];

/// Expressions, and what a value repeats that has them go back: without what they look for, a linear engine would let it pass.
const HOSTILE: [(&str, &str, &str); 4] = [
    ("nested repetition before a look", r"(?:a+)+(?=b)", "a"),
    ("a word that must come again", r"(\w+)\W.*\W\1\W\1!", "cat dog! "),
    ("a look at each place to the end", r"(?=.*x\d)y", "y"),
    ("many ways to a reference", r"(.*)(.*)(.*)=\1\2\3;x", "ab=ab;x"),
];
/// So many arguments of so many bytes each.
const BODIES: [(usize, usize); 5] = [(1, 1_000), (1, 10_000), (1, 60_000), (20, 6_000), (500, 250)];

fn own(expressions: impl Iterator<Item = &'static str>) -> String {
    let rule = |(number, expression): (usize, &str)| {
        format!("SecRule {TARGETS} \"@rx {expression}\" \"id:{},phase:2,pass,log,t:none,t:urlDecodeUni\"\n", number + 1)
    };
    expressions.enumerate().map(rule).collect()
}

/// Milliseconds of processor time: the median of `runs`, and the most.
fn time(rules: &Rules, load: &Load, runs: usize) -> (f64, f64) {
    let mut transaction = Transaction::new();
    crate::run(&mut transaction, rules, load);
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let before = cpu_time::now();
            crate::run(&mut transaction, rules, load);
            (cpu_time::now() - before).as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[runs / 2], times[runs - 1])
}

/// Measures and prints.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
pub(crate) fn run(folder: &Path) {
    let sets = [
        load_with_own(folder, "", None),
        load_with_own(folder, &own(EXPRESSIONS.iter().map(|(linear, _)| *linear)), None),
        load_with_own(folder, &own(EXPRESSIONS.iter().map(|(_, written)| *written)), Some(STEPS)),
    ];
    println!("| request | Core Rule Set, ms | and {0} linear, ms | and {0} that go back, ms |", EXPRESSIONS.len());
    println!("|---|---|---|---|");
    for load in all(1).into_iter().filter(|load| !load.is_stopped) {
        let [alone, linear, back] = sets.each_ref().map(|rules| time(rules, &load, RUNS).0);
        println!("| {} | {alone:.3} | {linear:.3} | {back:.3} |", load.name);
    }
    println!("\n| value | bytes | steps | ms, median | ms, most | given up |\n|---|---|---|---|---|---|");
    for (name, expression, unit) in HOSTILE {
        for steps in [STEPS, STEPS_MAX] {
            let rules = load_with_own(folder, &own(std::iter::once(expression)), Some(steps));
            for (count, bytes) in BODIES {
                let value: String = unit.chars().cycle().take(bytes).collect();
                let value = value.replace(' ', "+").replace('=', "%3d");
                let body = vec![format!("q={value}"); count].join("&");
                let load = Load::post(name, "application/x-www-form-urlencoded", body.into_bytes());
                let (median, most) = time(&rules, &load, HOSTILE_RUNS);
                let mut transaction = Transaction::new();
                crate::run(&mut transaction, &rules, &load);
                let given_up = if transaction.gave_up().is_empty() { "no" } else { "yes" };
                println!("| {name} | {count} × {bytes} | {steps} | {median:.1} | {most:.1} | {given_up} |");
            }
        }
    }
}
