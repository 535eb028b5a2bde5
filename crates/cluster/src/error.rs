//! Why a cluster does not answer, or does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::address::ClusterAddress;

/// Why a cluster does not answer, or does not start.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// It is no address of a cluster.
    #[error("`{0}` is no address of a cluster: df://HOST:PORT is meant, such as df://127.0.0.1:50050")]
    Address(String),
    /// No scheduler answers there.
    #[error("no scheduler answers at {address} ({why}): is `sekisho cluster scheduler` running there?")]
    Unreachable {
        /// Where it was looked for.
        address: ClusterAddress,
        /// What happened.
        why: String,
    },
    /// The scheduler went away while it worked.
    #[error("the scheduler at {address} was lost ({why}): ask again when it is back")]
    SchedulerLost {
        /// Where it was.
        address: ClusterAddress,
        /// What happened.
        why: String,
    },
    /// The plan cannot travel.
    #[error("this query cannot be run on a cluster: {0}; ask it without --cluster")]
    Plan(String),
    /// The scheduler does not take the plan.
    #[error("the scheduler at {address} refuses the query: {why}")]
    Refused {
        /// Where it is.
        address: ClusterAddress,
        /// What it says.
        why: String,
    },
    /// Tasks failed for good.
    #[error("the query failed on the cluster at {address}: {why}")]
    Failed {
        /// Where its scheduler is.
        address: ClusterAddress,
        /// What the scheduler says.
        why: String,
    },
    /// Its job ended with an executor that was lost, again and again.
    #[error(
        "the query was ended on the cluster at {address}, as executors are lost each time it is run: look after them and ask again"
    )]
    Interrupted {
        /// Where its scheduler is.
        address: ClusterAddress,
    },
    /// An executor that held a part of the answer went away after rows were given.
    #[error("the executor at {executor} was lost while it handed out its part of the answer ({why}): ask again")]
    ExecutorLost {
        /// Where it was.
        executor: String,
        /// What happened.
        why: String,
    },
    /// A port cannot be listened at.
    #[error("failed to listen at {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others would not know where to find it.
    #[error(
        "{address} stands for all addresses of this machine: say by --advertise which name or address the others reach it at"
    )]
    Unspecified {
        /// What was given.
        address: SocketAddr,
    },
    /// An executor listens at two ports.
    #[error("an executor listens at the port that is given and at the next one, and {0} is the last: give a lower one")]
    LastPort(u16),
    /// The folder for what executors hand to each other cannot be made.
    #[error("failed to make a folder in {folder}")]
    Work {
        /// Where.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A service of Ballista's has ended.
    #[error("{what} has stopped: {why}")]
    Stopped {
        /// Which.
        what: &'static str,
        /// What it says.
        why: String,
    },
}
