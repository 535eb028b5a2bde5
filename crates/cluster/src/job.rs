//! One job of a cluster: handed in, waited for, and cleaned away.

use std::sync::Arc;
use std::time::Duration;

use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::execute_query_result;
use ballista_core::serde::protobuf::job_status::Status as JobStatus;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, CleanJobDataParams, ExecuteQueryParams, GetJobStatusParams, PartitionLocation,
};
use ballista_core::version;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::address::ClusterAddress;
use crate::error::ClusterError;
use crate::executors::is_of_lost_executor;
use crate::message::{MESSAGE_BYTES_MAX, Message};

/// How long a process of the cluster may take to accept a connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the scheduler may take to answer a request; none waits for a job.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How soon a job is asked about, and how often at least: short questions are answered at once, long ones cost the scheduler little.
const POLL_FIRST: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(200);
/// How long a cancelled job is given until its last tasks have ended, before what they wrote is cleared away.
const LAST_TASKS_PAUSE: Duration = Duration::from_millis(500);
/// Bytes of what the scheduler says that are kept: it may quote a whole plan.
const WHY_BYTES_MAX: usize = 600;

/// How many jobs of this process the scheduler may still work at.
pub(crate) type Open = Arc<watch::Sender<usize>>;

/// How far a job is, as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// The scheduler has cleared it away.
    Failed,
    /// Its answer lies with the executors.
    Done,
}

/// A job. Dropping it cancels what still runs, and gives its files back.
#[derive(Debug)]
pub(crate) struct Job {
    id: String,
    address: ClusterAddress,
    scheduler: SchedulerGrpcClient<Channel>,
    phase: Phase,
    open: Open,
}

impl Job {
    /// Hands a plan in.
    pub(crate) async fn submit(address: &ClusterAddress, message: &Message, open: &Open) -> Result<Self, ClusterError> {
        let mut scheduler = connect(address).await?;
        let id = ballista_core::ids::new_instance_id();
        let mut request = Request::new(ExecuteQueryParams {
            session_id: id.clone(),
            settings: message.settings.clone(),
            operation_id: id,
            query: Some(Query::PhysicalPlan(message.plan.clone())),
        });
        version::insert_version_header(request.metadata_mut());
        let refused = |why: String| ClusterError::Refused { address: address.clone(), why: short(&why) };
        let answer = scheduler.execute_query(request).await.map_err(|status| match status.code() {
            Code::Unavailable => unreachable(address, &status),
            _ => refused(status.message().to_owned()),
        })?;
        match answer.into_inner().result {
            Some(execute_query_result::Result::Success(taken)) => {
                open.send_modify(|open| *open += 1);
                let (address, open) = (address.clone(), Arc::clone(open));
                Ok(Self { id: taken.job_id, address, scheduler, phase: Phase::Running, open })
            }
            Some(execute_query_result::Result::Failure(failure)) => Err(refused(format!("{failure:?}"))),
            None => Err(refused("it says nothing".to_owned())),
        }
    }

    /// Waits for its end; returns where the parts of the answer are, in their order.
    pub(crate) async fn end(&mut self) -> Result<Vec<PartitionLocation>, ClusterError> {
        let mut poll = POLL_FIRST;
        loop {
            let asked = GetJobStatusParams { job_id: self.id.clone() };
            let answer = self.scheduler.get_job_status(asked).await;
            let status = answer.map_err(|status| self.lost(&status))?.into_inner().status;
            match status.and_then(|status| status.status) {
                None | Some(JobStatus::Queued(_) | JobStatus::Running(_)) => sleep(poll).await,
                Some(JobStatus::Failed(failed)) => {
                    self.phase = Phase::Failed;
                    if is_of_lost_executor(&failed.error) {
                        // What others had made of it is to go too.
                        self.phase = Phase::Done;
                        return Err(ClusterError::Interrupted { address: self.address.clone() });
                    }
                    return Err(ClusterError::Failed { address: self.address.clone(), why: short(&failed.error) });
                }
                Some(JobStatus::Successful(done)) => {
                    self.phase = Phase::Done;
                    return Ok(done.partition_location);
                }
            }
            poll = POLL_MAX.min(poll * 2);
        }
    }

    fn lost(&self, status: &Status) -> ClusterError {
        ClusterError::SchedulerLost { address: self.address.clone(), why: short(status.message()) }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let (job_id, mut scheduler, phase) = (self.id.clone(), self.scheduler.clone(), self.phase);
        let open = Closing(Arc::clone(&self.open));
        // Without a runtime the process ends: the scheduler gives the files back by itself, later.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let _open = open;
            let told = match phase {
                Phase::Running => {
                    let cancelled = scheduler.cancel_job(CancelJobParams { job_id: job_id.clone() }).await;
                    sleep(LAST_TASKS_PAUSE).await;
                    cancelled.map(drop)
                }
                Phase::Failed | Phase::Done => Ok(()),
            };
            let all = CleanJobDataParams { job_id, ..CleanJobDataParams::default() };
            let told = match phase {
                Phase::Failed => told,
                Phase::Running | Phase::Done => told.and(scheduler.clean_job_data(all).await.map(drop)),
            };
            if let Err(status) = told {
                tracing::warn!(why = %short(status.message()), "the scheduler could not be told that a query is over");
            }
        });
    }
}

/// One job less, however its end comes.
struct Closing(Open);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

async fn connect(address: &ClusterAddress) -> Result<SchedulerGrpcClient<Channel>, ClusterError> {
    let endpoint = Endpoint::from_shared(address.endpoint()).map_err(|error| unreachable(address, &error))?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT).tcp_nodelay(true);
    let channel = endpoint.connect().await.map_err(|error| unreachable(address, &error))?;
    let scheduler = SchedulerGrpcClient::new(channel);
    let bytes_max = MESSAGE_BYTES_MAX as usize;
    Ok(scheduler.max_encoding_message_size(bytes_max).max_decoding_message_size(bytes_max))
}

fn unreachable(address: &ClusterAddress, error: &(dyn std::error::Error + 'static)) -> ClusterError {
    let last = std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string);
    ClusterError::Unreachable { address: address.clone(), why: short(&last.unwrap_or_default()) }
}

/// The first lines, cut.
pub(crate) fn short(why: &str) -> String {
    let plain: String = why.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let end = (0..=WHY_BYTES_MAX.min(plain.len())).rev().find(|end| plain.is_char_boundary(*end)).unwrap_or(0);
    plain[..end].to_owned()
}
