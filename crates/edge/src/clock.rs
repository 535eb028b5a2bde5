//! The one place that reads the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use sekisho_model::{Clock, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the room's own clock")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is wrong; the epoch is as good an answer as any, and not a panic.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}
