//! The engine's patterns beside PCRE2, and its transformations and operators beside libmodsecurity, on values made from a seed.
//!
//! `cargo xtask conformance patterns` and `cargo xtask conformance operators` build and run it. It ends with an error if anything
//! differs without a known cause.

mod drawn;
mod operators;
mod patterns;
mod rules;
mod values;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = |what: &str| words.next().with_context(|| format!("expected {what}"));
    let (what, with) = (word("patterns or operators")?, word("a folder of rules, or a program")?);
    let count = word("how many values")?.parse().context("read how many values")?;
    let seed = word("a seed")?.parse().context("read the seed")?;
    match what.as_str() {
        "patterns" => patterns::compare(with.as_ref(), count, seed),
        "operators" => operators::compare(with.as_ref(), count, seed),
        other => bail!("nothing is compared that is called {other}"),
    }
}
