//! `sekisho lake retention`, `hold` and `release`.

use clap::Args;
use sekisho_lake::Policy;

use super::super::Outcome;
use super::LakeArgs;
use crate::terminal;

/// Move what is older than the hot days to the second place, if there is one, and delete what is older than it is kept.
#[derive(Debug, Args)]
pub(in super::super) struct RetentionArgs {
    /// Days that records are kept
    #[arg(long, value_name = "DAYS", default_value_t = Policy::default().keep_days)]
    keep_days: u32,
    /// Days that records stay where they were written, if older ones have a place of their own
    #[arg(long, value_name = "DAYS", default_value_t = Policy::default().hot_days)]
    hot_days: u32,
    #[command(flatten)]
    lake: LakeArgs,
}

/// Stop deletions, or end that.
#[derive(Debug, Args)]
pub(in super::super) struct HoldArgs {
    /// Why: it is sealed
    #[arg(value_name = "WHY")]
    why: String,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn retention(args: &RetentionArgs) -> Outcome {
    let lake = args.lake.open_existing()?;
    let retained = lake.retain(Policy { keep_days: args.keep_days, hot_days: args.hot_days })?;
    if retained.moved > 0 {
        terminal::note(&format!("{} files moved", retained.moved));
    }
    match &retained.held {
        Some(why) => terminal::note(&format!("nothing is deleted while a hold stands: {why}")),
        None => {
            terminal::note(&format!("{} files with {} records deleted", retained.deleted, retained.records));
        }
    }
    super::close(&lake)
}

pub(super) fn hold(args: &HoldArgs) -> Outcome {
    let lake = args.lake.open_existing()?;
    lake.hold(&args.why)?;
    super::close(&lake)
}

pub(super) fn release(args: &HoldArgs) -> Outcome {
    let lake = args.lake.open_existing()?;
    lake.release(&args.why)?;
    super::close(&lake)
}
