//! Sekisho: the checkpoint in front of a web service.
//!
//! The only room that reads configuration and environment: it parses the command line, loads rules and configuration, wires
//! the edge to them, and prints what people read.

mod admin;
mod cli;
mod config;
#[cfg(feature = "cluster")]
mod ending;
mod explain;
mod geo;
#[cfg_attr(not(feature = "lake"), path = "lake/absent.rs")]
mod lake;
mod read;
mod rule_files;
mod rules;
mod secret_file;
mod service;
mod terminal;
mod token_keys;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;

/// Gives back what loading rules and large requests took. ADR: `docs/adr/028-allocator.md`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let command = cli::Cli::parse();
    match command.run() {
        Ok(code) => code,
        Err(cli::Failure::Unusable(diagnostics)) => {
            terminal::print_diagnostics(&diagnostics);
            ExitCode::from(2)
        }
        Err(cli::Failure::Other(error)) => {
            terminal::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
