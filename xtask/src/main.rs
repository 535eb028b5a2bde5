//! The house keeper: `cargo xtask tidy|ci|python|events|fuzz|equivalence|nightly|conformance|crashes|tampering|reloads|demo|bench`.
//!
//! Everything a person or a build machine does to this repository besides plain `cargo`. It knows the crates only from
//! outside, through their files and their binaries, and depends on none of them.

mod args;
mod bench;
mod ci;
mod conformance;
mod connection;
mod demo;
mod equivalence;
mod fuzz;
mod modsecurity;
mod nginx;
mod nightly;
mod packages;
mod process;
mod process_tree;
mod properties;
mod python;
mod reloads;
mod server;
mod tidy;
mod truth;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::args::{Args, Conformance, Task};

fn main() -> ExitCode {
    match run(Args::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "error: {error:#}").expect("standard error is open");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = workspace::root()?;
    match task {
        Task::Tidy => tidy::run(&root),
        Task::Ci { fast } => ci::run(&root, fast),
        Task::Python => {
            let interpreter = python::ensure(&root)?;
            Ok(process::say(format!("{} is ready", interpreter.display()))?)
        }
        Task::Events(wanted) => bench::print_events(&root, wanted),
        Task::Fuzz { target, seconds } => {
            fuzz::run(&root, target.as_deref(), seconds, fuzz::Lock::Update, fuzz::Search::Onward)
        }
        Task::Equivalence { cases } => equivalence::run(&root, cases),
        Task::Nightly => nightly::run(&root),
        Task::Conformance { what } => match what {
            Conformance::Crs(wanted) => conformance::run(&root, wanted),
            Conformance::Patterns(wanted) => conformance::patterns(&root, wanted),
            Conformance::Operators(wanted) => conformance::operators(&root, wanted),
        },
        Task::Crashes(wanted) => truth::crashes(&root, wanted.count, wanted.seed),
        Task::Tampering(wanted) => truth::tampering(&root, wanted.count, wanted.seed),
        Task::Reloads { count, acl } => reloads::run(&root, reloads::Form::of(acl), count),
        Task::Demo { args } => demo::run(&root, &args),
        Task::Bench { what } => bench::run(&root, what),
    }
}
