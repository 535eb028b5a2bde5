//! Stands in place of clusters in a program that was built without them.

use sekisho_query::{QueryError, Questions};

use super::super::Failure;

/// There is none.
#[derive(Debug)]
pub(super) enum Elsewhere {}

impl Elsewhere {
    pub(super) fn at(_: &str) -> Result<Self, Failure> {
        let how = "build it with `cargo build --release -p sekisho --features cluster`, or ask without --cluster";
        Err(anyhow::anyhow!("this program is built without clusters: {how}").into())
    }

    pub(super) fn runs(&self, _: Questions) -> Questions {
        match *self {}
    }

    pub(super) async fn until_settled<T>(
        &self,
        _: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        match *self {}
    }
}
