//! What is done to a lake by hand, and what comes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::lake::Lake;
use crate::retention::{Held, Policy, Retained};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// [`Lake::hold`].
    Hold {
        /// Why.
        why: String,
    },
    /// [`Lake::release`].
    Release {
        /// Why.
        why: String,
    },
    /// [`Lake::compact`].
    Compact {
        /// Seconds for which merged files stay.
        grace_s: u64,
    },
    /// [`Lake::retain`].
    Retain {
        /// Days in the first place, if not as many as usual.
        hot_days: Option<u32>,
        /// Days until deletion, if not as many as usual.
        keep_days: Option<u32>,
    },
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Deletions are stopped.
    Held(Held),
    /// Deletions may go on.
    Released {
        /// Index of the record that says so; none if nothing stopped them.
        record: Option<u64>,
    },
    /// Small files were merged.
    Compacted {
        /// Files that were made.
        files: u64,
    },
    /// Old files were moved and deleted.
    Retained(Retained),
}

impl Lake {
    /// Does what is asked. `policy`: what is usual.
    ///
    /// # Errors
    ///
    /// As what is done says.
    pub fn carry_out(&self, request: &Request, policy: Policy) -> Result<Answer, LakeError> {
        Ok(match request {
            Request::Hold { why } => Answer::Held(self.hold(why)?),
            Request::Release { why } => Answer::Released { record: self.release(why)? },
            Request::Compact { grace_s } => Answer::Compacted { files: self.compact(Duration::from_secs(*grace_s))? },
            Request::Retain { hot_days, keep_days } => Answer::Retained(self.retain(Policy {
                hot_days: hot_days.unwrap_or(policy.hot_days),
                keep_days: keep_days.unwrap_or(policy.keep_days),
            })?),
        })
    }
}
