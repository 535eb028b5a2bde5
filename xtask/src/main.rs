//! The house keeper: tidy, ci, demo, bench.

fn main() {}
