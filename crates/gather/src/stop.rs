//! How feeds are told to stop.

use std::time::Duration;

use tokio::sync::watch;

/// Tells all feeds to stop. Dropping it does, too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// What a feed looks at to know whether it is to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A stop that was not pressed yet, and what presses it.
#[must_use]
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells all feeds to stop: what they have read becomes durable, nothing more is read.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether feeds are to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until feeds are to stop.
    pub async fn stopped(&mut self) {
        // An error means that nobody is left who could say so.
        _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Waits as long, or until feeds are to stop; whether they are.
    pub(crate) async fn sleep(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stopped() => true,
            () = tokio::time::sleep(pause) => self.is_stopped(),
        }
    }

    /// The same on a thread that may block.
    pub(crate) fn block(&self, pause: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(20);
        let mut left = pause;
        while !self.is_stopped() && !left.is_zero() {
            let step = left.min(STEP);
            std::thread::sleep(step);
            left -= step;
        }
        self.is_stopped()
    }
}
