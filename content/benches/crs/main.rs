//! What the Core Rule Set costs: to load, and a request at paranoia 1 and 4. With `hostile`, bodies made to be slow; with
//! `backtracking`, expressions that need to go back.
//!
//! The rules are read where the shared data lie: `../shared/data/crs` from the project's root, or below `SEKISHO_SHARED`.

mod backtracking;
#[path = "../large/cpu_time.rs"]
mod cpu_time;
mod hostile;
mod loads;
mod rules;
mod web_acl;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group};
use sekisho_model::Timestamp;
use sekisho_waf::Scratch;
use sekisho_waf::transaction::{InspectedBody, PhasedContext, ResponseHead, Transaction};

use cpu_time::CpuTime;
use loads::Load;

/// All phases of one request, with a small response.
fn run(transaction: &mut Transaction, rules: &rules::Rules, load: &Load) -> usize {
    let context = PhasedContext::at(Timestamp::from_unix_ms(1_700_000_000_000));
    transaction.begin(rules, &load.request(), &context);
    let mut stopped = transaction.request_headers(&context).is_some();
    stopped |= transaction.request_body(InspectedBody { bytes: &load.body, over_limit: false }, &context).is_some();
    if !stopped {
        let head = ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &[] };
        stopped = transaction.response_headers(&head, &context).is_some();
        stopped |= transaction.response_body(InspectedBody { bytes: b"", over_limit: false }, &context).is_some();
    }
    transaction.logging(&context);
    assert_eq!(stopped, load.is_stopped, "{}", load.name);
    transaction.matches().count()
}

fn bench(criterion: &mut Criterion<CpuTime>) {
    let Some(folder) = rules::folder() else { return };
    let mut group = criterion.benchmark_group("crs");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("load and compile", |bencher| bencher.iter(|| rules::load(&folder, 1)));
    for paranoia in [1, 4] {
        let rules = rules::load(&folder, paranoia);
        let mut transaction = Transaction::new();
        for load in loads::all(paranoia) {
            let name = format!("paranoia {paranoia}/{}", load.name);
            group.bench_function(name, |bencher| bencher.iter(|| black_box(run(&mut transaction, &rules, &load))));
        }
    }
    for paranoia in [1, 4] {
        let rules = web_acl::load(&folder, paranoia);
        let mut scratch = Scratch::new();
        for load in loads::all(paranoia) {
            let name = format!("as a group, paranoia {paranoia}/{}", load.name);
            group.bench_function(name, |bencher| bencher.iter(|| black_box(web_acl::run(&mut scratch, &rules, &load))));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = bench
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "hostile" => {
            if let Some(folder) = rules::folder() {
                hostile::run(&folder, rest);
            }
        }
        Some((first, [])) if first == "backtracking" => {
            if let Some(folder) = rules::folder() {
                backtracking::run(&folder);
            }
        }
        _ => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
    }
}
