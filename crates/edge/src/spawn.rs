//! Tasks that stay on the worker that spawned them.

use hyper::rt::Executor;

/// Runs hyper's background tasks on the current worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local;

impl<F> Executor<F> for Local
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
