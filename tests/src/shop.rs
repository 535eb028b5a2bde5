//! The sample shop as a peer of the tests, open or behind the checkpoint.

use std::net::SocketAddr;
use std::thread::JoinHandle;

use anyhow::Context;
use sekisho_shop::{Loopback, Shop, Visitor, session};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::checkpoint::Checkpoint;

/// A shop on a thread of its own; closes when dropped.
#[derive(Debug)]
pub struct OpenShop {
    base: Loopback,
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OpenShop {
    /// Opens a shop on a free port.
    ///
    /// # Errors
    ///
    /// When the shop cannot be opened.
    pub fn start() -> anyhow::Result<Self> {
        let (address, shop) = Shop::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let runtime = runtime()?;
        let (close, closed) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = shop => {}
                    _ = closed => {}
                }
            });
        });
        Ok(Self { base: Loopback::new(address)?, close: Some(close), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn base(&self) -> Loopback {
        self.base
    }
}

impl Drop for OpenShop {
    fn drop(&mut self) {
        drop(self.close.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the shop's thread has been printed; a second one here would hide the test's own.
            drop(thread.join());
        }
    }
}

/// A shop with the checkpoint in front of it.
#[derive(Debug)]
pub struct GuardedShop {
    /// The checkpoint; dropped first.
    pub checkpoint: Checkpoint,
    /// The shop behind it.
    pub shop: OpenShop,
}

impl GuardedShop {
    /// Opens a shop and puts a checkpoint with the starter ACL in front of it.
    ///
    /// # Errors
    ///
    /// When either cannot be started.
    pub fn start() -> anyhow::Result<Self> {
        let shop = OpenShop::start()?;
        let checkpoint = Checkpoint::guard(&shop.base().to_string())?;
        Ok(Self { checkpoint, shop })
    }
}

/// Performs the legitimate session at `base` and returns one line a step that did not go as it should.
///
/// # Errors
///
/// When a request gets no reply at all.
pub fn run_session(base: Loopback) -> anyhow::Result<Vec<String>> {
    runtime()?.block_on(async {
        let mut visitor = Visitor::new(base);
        let mut failures = Vec::new();
        for step in session::whole(base) {
            let reply = visitor.send(&step.request).await.with_context(|| step.title.clone())?;
            if !step.expect.is_met_by(&reply) {
                let target = step.request.target();
                failures.push(format!("{} ({target}): {:?} instead of {}", step.title, reply.status, step.expect));
            }
        }
        Ok(failures)
    })
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("failed to start a runtime")
}
