//! Questions to the lake, answered by many machines: plans of `sekisho-query`, run by Ballista.
//!
//! A question is read, fenced in and planned where it is asked, so that the names, the files and the limits are those of the embedded engine; only
//! the finished plan travels. The [`Scheduler`] cuts it into stages and hands their tasks to [`Executor`]s, which know our SQL functions and read the
//! tables of their lakes: nothing else of their disks, and they write nowhere but in their own folder.
//!
//! Ballista authenticates no one: whoever reaches a port of a cluster can ask its lake. ADR: `docs/adr/038-cluster.md`.

mod address;
mod answer;
mod client;
mod error;
mod executor;
mod executors;
mod fence;
mod job;
mod joins;
mod lake_files;
mod library_log;
mod message;
mod scheduler;
mod task;

pub use address::ClusterAddress;
pub use client::Cluster;
pub use error::ClusterError;
pub use executor::{Executor, ExecutorSettings};
pub use scheduler::{Scheduler, SchedulerSettings};
