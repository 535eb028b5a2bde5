//! Large files made of small ones, by one process at a time.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::Clock;
use sekisho_tables::{LEASE_MS, Lease, Leased, TableName, TablesError};

use crate::error::{LakeError, chain};
use crate::lake::{DAY_MS, Lake, now_ms};
use crate::record;

/// How often the lease is renewed: two renewals may fail before it ends.
const RENEWAL: Duration = Duration::from_millis(LEASE_MS.unsigned_abs() / 3);

/// Renews a lease until it is dropped.
struct Renewing(tokio::task::JoinHandle<()>);

impl Renewing {
    fn new(lease: &Lease, clock: Arc<dyn Clock>) -> Self {
        let lease = lease.clone();
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                match lease.renew(now_ms(&*clock)).await {
                    Ok(()) => {}
                    Err(TablesError::LeaseLost) => return,
                    Err(error) => {
                        tracing::warn!(error = %chain(&error), "the lease on compaction is not renewed; it is tried again")
                    }
                }
            }
        }))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Lake {
    /// Makes large files of small ones with this lake's records in all tables, and removes files that were replaced `grace` ago. Gives the number of files that
    /// were made. Of those who share the tables, one does that at a time.
    ///
    /// # Errors
    ///
    /// [`LakeError::Compacting`] if another does it just now; if a file cannot be read, written or removed. What was done until then stands.
    pub fn compact(&self, grace: Duration) -> Result<u64, LakeError> {
        let _upkeep = self.upkeep();
        let holder = format!("{} (process {})", self.log(), std::process::id());
        self.block_on(async {
            let lease = match self.tables().lease(&holder, self.now_ms()).await? {
                Leased::Held(lease) => lease,
                Leased::By { holder, until_ms } => {
                    let seconds = until_ms.saturating_sub(self.now_ms()).max(0) / 1_000 + 1;
                    return Err(LakeError::Compacting { holder, seconds });
                }
            };
            let renewing = Renewing::new(&lease, self.clock());
            let compacted = self.compact_with(&lease, grace).await;
            drop(renewing);
            // One that is not let go of ends by itself.
            if let Err(error) = lease.release().await {
                tracing::warn!(error = %chain(&error), "the lease on compaction is not let go of");
            }
            compacted
        })
    }

    async fn compact_with(&self, lease: &Lease, grace: Duration) -> Result<u64, LakeError> {
        let today = i32::try_from(self.now_ms().div_euclid(DAY_MS)).unwrap_or(i32::MAX);
        let mut made = 0;
        for table in TableName::all() {
            for mergeable in self.tables().mergeable(table, self.log(), today).await? {
                lease.check(self.now_ms())?;
                let merged = self.tables().merge(&mergeable, self.now_ms()).await?;
                self.say(record::wrote(std::slice::from_ref(merged.file()), self.now_ms()))?;
                lease.check(self.now_ms())?;
                merged.commit(self.tables(), lease).await?;
                made += 1;
            }
        }
        lease.check(self.now_ms())?;
        let grace_ms = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        self.tables().vacuum(self.now_ms(), grace_ms).await?;
        Ok(made)
    }
}
