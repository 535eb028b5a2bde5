//! `sekisho lake retention`, `hold` and `release`.

use clap::Args;
use sekisho_lake::Request;

use super::super::Outcome;
use super::{LakeArgs, by_hand};

/// Move what is older than the hot days to the second place, if there is one, and delete what is older than it is kept. If a process has the lake open, it
/// does that.
#[derive(Debug, Args)]
pub(in super::super) struct RetentionArgs {
    /// Days that records are kept. Default: what the service that has the lake open is configured to keep, or else 400
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
    /// Days that records stay where they were written, if older ones have a place of their own. Default: as many as the service that has the lake open is
    /// configured for, or else 7
    #[arg(long, value_name = "DAYS")]
    hot_days: Option<u32>,
    #[command(flatten)]
    lake: LakeArgs,
}

/// Stop deletions, or end that. If a process has the lake open, it does that, at once.
#[derive(Debug, Args)]
pub(in super::super) struct HoldArgs {
    /// Why: it is sealed
    #[arg(value_name = "WHY")]
    why: String,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn retention(args: &RetentionArgs) -> Outcome {
    by_hand::carry_out(&args.lake, &Request::Retain { hot_days: args.hot_days, keep_days: args.keep_days })
}

pub(super) fn hold(args: &HoldArgs) -> Outcome {
    by_hand::carry_out(&args.lake, &Request::Hold { why: args.why.clone() })
}

pub(super) fn release(args: &HoldArgs) -> Outcome {
    by_hand::carry_out(&args.lake, &Request::Release { why: args.why.clone() })
}
