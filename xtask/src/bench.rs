//! `cargo xtask bench`: figures taken here and now, the proxy's beside a peer in the same run.

mod acl;
mod crs;
mod edge;
mod figures;
mod lake;
mod report;
mod wrk;

use std::path::Path;

use anyhow::Result;

use crate::args::Bench;
use crate::process::{cargo, run as run_command};

pub(crate) use lake::print_events;

/// Measures what was asked for.
///
/// # Errors
///
/// If something does not build or start, or a figure would not mean what it says.
pub(crate) fn run(root: &Path, what: Bench) -> Result<()> {
    match what {
        Bench::Engine => {
            let mut command = cargo(root);
            command.args(["bench", "--locked", "--package", "sekisho-content", "--package", "sekisho-edge"]);
            run_command(command.args(["--bench", "starter", "--bench", "record", "--bench", "http1"]))
        }
        Bench::Edge(load) => edge::run(root, load),
        Bench::Crs(load) => crs::run(root, load),
        Bench::Lake(load) => lake::run(root, load),
    }
}
