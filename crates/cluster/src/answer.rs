//! The rows of a job, part by part.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::client::BallistaClient;
use ballista_core::serde::protobuf::PartitionLocation;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt as _, stream};
use tokio::time::sleep;

use crate::address::ClusterAddress;
use crate::error::ClusterError;
use crate::job::{Job, Open, short};
use crate::message::{MESSAGE_BYTES_MAX, Message};

/// How often a plan is run because an executor was lost meanwhile, or with a part of the answer of which no row was given. A loss can end two runs: the one
/// that misses what the executor had made, and the one that finds out that it is gone.
const RUNS_MAX: usize = 8;
/// How long is waited before the next run.
const RUN_PAUSE: Duration = Duration::from_millis(500);
/// How often an executor is asked for a part, and how long is waited between, in milliseconds.
const FETCHES_MAX: u8 = 2;
const FETCH_PAUSE_MS: u64 = 200;

/// Runs a plan; its rows, in their order.
pub(crate) fn rows(
    address: ClusterAddress,
    message: Message,
    open: Open,
) -> impl Stream<Item = Result<RecordBatch>> + Send {
    let answer = Answer {
        address,
        message: Arc::new(message),
        open,
        runs: 0,
        has_given: false,
        job: None,
        ended: Vec::new(),
        run: None,
    };
    stream::try_unfold(answer, |mut answer| async move {
        let batch = answer.next().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(batch.map(|batch| (batch, answer)))
    })
}

struct Answer {
    address: ClusterAddress,
    message: Arc<Message>,
    open: Open,
    runs: usize,
    /// What was given cannot be taken back: from then on, a part that is lost is an error.
    has_given: bool,
    /// The job of this run.
    job: Option<Job>,
    /// Jobs of runs that were in vain: kept to the end, so that what their last tasks still write is cleared away too.
    ended: Vec<Job>,
    run: Option<Run>,
}

/// What of the answer of a job that is done is to be fetched yet.
struct Run {
    parts: VecDeque<PartitionLocation>,
    part: Option<(String, SendableRecordBatchStream)>,
}

impl Answer {
    async fn next(&mut self) -> Result<Option<RecordBatch>, ClusterError> {
        loop {
            match self.next_of_run().await {
                Ok(batch) => {
                    // What is given, be it that there is nothing, is not taken back.
                    self.has_given = true;
                    return Ok(batch);
                }
                Err(lost @ (ClusterError::Interrupted { .. } | ClusterError::ExecutorLost { .. }))
                    if !self.has_given && self.runs < RUNS_MAX =>
                {
                    tracing::info!(%lost, "the query is run again");
                    self.run = None;
                    self.ended.extend(self.job.take());
                    sleep(RUN_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn next_of_run(&mut self) -> Result<Option<RecordBatch>, ClusterError> {
        let run = match &mut self.run {
            Some(run) => run,
            none => {
                self.runs += 1;
                let job = Job::submit(&self.address, &self.message, &self.open).await?;
                let parts = self.job.insert(job).end().await?.into();
                none.insert(Run { parts, part: None })
            }
        };
        run.next().await
    }
}

impl Run {
    async fn next(&mut self) -> Result<Option<RecordBatch>, ClusterError> {
        loop {
            let (executor, part) = match &mut self.part {
                Some(part) => part,
                none => {
                    let Some(location) = self.parts.pop_front() else { return Ok(None) };
                    none.insert(fetch(location).await?)
                }
            };
            match part.next().await {
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => return Ok(Some(batch)),
                Some(Err(error)) => return Err(lost(executor, &error)),
                None => self.part = None,
            }
        }
    }
}

fn lost(executor: &str, error: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::ExecutorLost { executor: executor.to_owned(), why: short(&error.to_string()) }
}

/// Begins to fetch a part from the executor that holds it.
async fn fetch(location: PartitionLocation) -> Result<(String, SendableRecordBatchStream), ClusterError> {
    let layout = location.layout();
    let nameless = || lost("an unknown place", &"the scheduler does not say where the part is");
    let (Some(executor), Some(part)) = (location.executor_meta, location.partition_id) else { return Err(nameless()) };
    let port = u16::try_from(executor.port).map_err(|_| nameless())?;
    let place = format!("{}:{port}", executor.host);
    let bytes_max = MESSAGE_BYTES_MAX as usize;
    let client =
        BallistaClient::try_new(&executor.host, port, bytes_max, false, None, FETCHES_MAX, FETCH_PAUSE_MS, 0, 0).await;
    let mut client = client.map_err(|error| lost(&place, &error))?;
    let fetched = client.fetch_partition(&executor.id, &part.into(), location.file_id, layout, true).await;
    let rows = fetched.map_err(|error| lost(&place, &error))?;
    Ok((place, rows))
}
