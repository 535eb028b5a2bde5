//! A query that a cluster runs.

use std::sync::Arc;

use sekisho_cluster::Cluster;
use sekisho_query::{QueryError, Questions};

use super::super::Failure;
use crate::ending;

/// The cluster that runs it.
#[derive(Debug)]
pub(super) struct Elsewhere(Arc<Cluster>);

impl Elsewhere {
    /// By the address of its scheduler.
    pub(super) fn at(address: &str) -> Result<Self, Failure> {
        Ok(Self(Arc::new(Cluster::at(address.parse()?))))
    }

    /// Questions that it answers.
    pub(super) fn runs(&self, questions: Questions) -> Questions {
        questions.with_backend(Arc::clone(&self.0) as _)
    }

    /// Waits for an answer, or for the end of this process; in any case until the scheduler knows that the job is over.
    pub(super) async fn until_settled<T>(
        &self,
        answer: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let ended = ending::ended()
            .map_err(|source| QueryError::Write { what: "what waits for signals".to_owned(), source })?;
        let answered = tokio::select! {
            answered = answer => answered,
            _ = ended => Err(QueryError::Stopped),
        };
        self.0.settled().await;
        answered
    }
}
