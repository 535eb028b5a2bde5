//! `sekisho lake compact`.

use clap::Args;
use sekisho_lake::Request;

use super::super::Outcome;
use super::{LakeArgs, by_hand};

/// Merge the small files of each day, and remove those that were merged before. If a process has the lake open, it does that.
#[derive(Debug, Args)]
pub(in super::super) struct CompactArgs {
    /// Seconds for which merged files stay, so that those who read them can finish
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    grace: u64,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn compact(args: &CompactArgs) -> Outcome {
    by_hand::carry_out(&args.lake, &Request::Compact { grace_s: args.grace })
}
