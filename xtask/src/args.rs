//! The command line of `cargo xtask`.

use clap::{Parser, Subcommand};

/// The house keeper of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Check the rules of the house that compiler and clippy do not know
    Tidy,
    /// Install what the tests need (apt, only what is missing) and run everything
    Ci {
        /// Leave out the end-to-end tests and the fuzz runs
        #[arg(long)]
        fast: bool,
    },
    /// Install the Python packages that tests hold the lake against into target/python
    Python,
    /// Print real CloudTrail events, multiplied with ids, times and addresses of their own
    Events(EventsWanted),
    /// Fuzz one target, or each in turn
    Fuzz {
        /// A file name of fuzz/src/bin, without `.rs`
        target: Option<String>,
        /// How long, for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Hold the compiled matcher against the reference evaluator
    Equivalence {
        /// Generated policies, each with one to three requests
        #[arg(long, default_value_t = crate::nightly::CASES)]
        cases: u32,
    },
    /// Run the long searches: equivalence, and each fuzz target for ten minutes
    Nightly,
    /// Hold the checkpoint against another engine, request by request
    Conformance {
        #[command(subcommand)]
        what: Conformance,
    },
    /// Kill a process that ingests into the lake again and again; nothing may be lost or doubled
    Crashes(Seeded<{ crate::nightly::KILLS }>),
    /// Change a lake's files in many ways; verifying must find and name each
    Tampering(Seeded<{ crate::nightly::MANIPULATIONS }>),
    /// Reload the Core Rule Set again and again under load
    Reloads {
        /// How often
        #[arg(long, default_value_t = crate::nightly::RELOADS)]
        count: u32,
        /// As a rule group of a web ACL, instead of as rule files
        #[arg(long)]
        acl: bool,
    },
    /// Build the checkpoint and run `sekisho demo`
    Demo {
        /// Passed on to `sekisho demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
}

/// How often, and what it begins with.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Seeded<const COUNT: u32> {
    /// How often
    #[arg(long, default_value_t = COUNT)]
    pub(crate) count: u32,
    /// What the generator begins with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What to compare.
#[derive(Debug, Subcommand)]
pub(crate) enum Conformance {
    /// The OWASP Core Rule Set, blocking at paranoia 1 and 2, beside nginx and ModSecurity
    Crs(CrsConformance),
    /// The expressions of the Core Rule Set beside PCRE2
    Patterns(Differential),
    /// Transformations and operators beside libmodsecurity
    Operators(Differential),
}

/// Which values.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Differential {
    /// Values for each expression, transformation or operator
    #[arg(long, default_value_t = 1_500)]
    pub(crate) values: usize,
    /// What the generator begins with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Default for Differential {
    fn default() -> Self {
        Self { values: 1_500, seed: 1 }
    }
}

/// Which requests.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct CrsConformance {
    /// Generated requests
    #[arg(long, default_value_t = 5_000)]
    pub(crate) generated: usize,
    /// Most requests of the Core Rule Set's own tests, spread over all of them
    #[arg(long, default_value_t = usize::MAX)]
    pub(crate) suite: usize,
    /// What the generators begin with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Leave the checkpoint out: checks the harness with ModSecurity alone, twice
    #[arg(long)]
    pub(crate) only_peer: bool,
    /// Most differences that are printed one by one, for each paranoia level
    #[arg(long, default_value_t = 40)]
    pub(crate) shown: usize,
    /// Keep the logs of both engines
    #[arg(long)]
    pub(crate) keep: bool,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// The rule engine alone (criterion)
    Engine,
    /// The proxy beside nginx, in alternating rounds
    Edge(EdgeBench),
    /// The Core Rule Set beside nginx with ModSecurity, and beside another engine alone, in alternating rounds
    Crs(CrsBench),
    /// The lake: ingest beside DuckDB, and questions to a year of events
    Lake(LakeBench),
}

/// Which events are printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct EventsWanted {
    /// How many, one a line
    #[arg(long, default_value_t = 100_000)]
    pub(crate) count: u64,
    /// Days before 2026-11-22 that their times are spread over
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=3_650))]
    pub(crate) days: u64,
    /// What the generator begins with
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// How much goes into the lake.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct LakeBench {
    /// Rounds of ingest beside DuckDB; 0 leaves it out
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) rounds: u32,
    /// Megabytes of events in a round
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) megabytes: u64,
    /// Events of the year that is asked about; 0 leaves it out
    #[arg(long, default_value_t = 20_000_000)]
    pub(crate) events: u64,
}

/// How long and how hard to load the firewalls.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct CrsBench {
    /// Measured rounds; each loads every contender once with every request
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Seconds of load for a contender and a request in a round
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Connections kept open by the load generator
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) connections: u32,
    /// Leave the checkpoint out: checks the harness with ModSecurity alone
    #[arg(long)]
    pub(crate) only_peer: bool,
    /// Leave the proxies out: the engines alone
    #[arg(long, conflicts_with = "only_peer")]
    pub(crate) only_engines: bool,
    /// How often each body that was made to be slow is sent; 0 leaves them out
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) hostile_runs: u32,
    /// Send the bodies that were made to be slow, and nothing else
    #[arg(long, conflicts_with_all = ["only_peer", "only_engines"])]
    pub(crate) only_hostile: bool,
}

/// How long and how hard to load the proxies.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct EdgeBench {
    /// Measured rounds; each loads every contender once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Seconds of load for a contender in a round
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Connections kept open by the load generator
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) connections: u32,
    /// Leave the checkpoint out: checks the harness with nginx alone
    #[arg(long)]
    pub(crate) only_nginx: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn demo_passes_on_what_follows() {
        let args = Args::parse_from(["xtask", "demo", "--listen", "127.0.0.1:0"]);
        let Task::Demo { args } = args.task else { panic!("not a demo: {args:?}") };
        assert_eq!(args, ["--listen", "127.0.0.1:0"]);
    }
}
