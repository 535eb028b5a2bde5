//! `sekisho lake compact`.

use std::time::Duration;

use clap::Args;

use super::super::Outcome;
use super::LakeArgs;
use crate::terminal;

/// Merge the small files of each day, and remove those that were merged before.
#[derive(Debug, Args)]
pub(in super::super) struct CompactArgs {
    /// Seconds for which merged files stay, so that those who read them can finish
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    grace: u64,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn compact(args: &CompactArgs) -> Outcome {
    let lake = args.lake.open_existing()?;
    let made = lake.compact(Duration::from_secs(args.grace))?;
    terminal::note(&format!("{made} files made of smaller ones"));
    super::close(&lake)
}
