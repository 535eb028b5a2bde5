//! What it costs to see the words of texts, and to look for some.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sekisho_words::{Builder, Filter, Wanted};

#[path = "../tests/shared/events.rs"]
mod shared;

fn words(criterion: &mut Criterion) {
    let events = shared::events().expect("the shared folder is there");
    let bytes: usize = events.iter().map(Vec::len).sum();
    let mut group = criterion.benchmark_group("words");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes as u64));
    let mut builder = Builder::new();
    group.bench_function("filter of a file", |bencher| {
        bencher.iter(|| {
            events.iter().for_each(|event| builder.add(event));
            black_box(builder.finish())
        });
    });
    let mut wanted = Wanted::read("203.0.113.7 union").expect("there are words");
    group.bench_function("rows looked through", |bencher| {
        bencher.iter(|| events.iter().filter(|event| wanted.matches([event.as_slice()])).count());
    });
    group.finish();

    events.iter().for_each(|event| builder.add(event));
    let file = builder.finish();
    let filter = Filter::open(&file[..]).expect("it was just made");
    criterion.bench_function("words/one asked for", |bencher| {
        bencher.iter(|| filter.may_contain_all(black_box(wanted.words())));
    });
}

criterion_group!(benches, words);
criterion_main!(benches);
