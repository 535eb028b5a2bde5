//! Who may compact tables that several processes write to: one at a time, as long as it says so again and again.
//!
//! The lease is a small file beside the tables, replaced only by who knows its entity tag (`If-Match`). Each holder has a greater number than the one
//! before. A table is told the number with each commit of a compaction, in the same step, and refuses a lesser one than it knows: so
//! who has lost the lease and does not know it yet cannot commit behind its successor. Before its successor has committed anything, what it commits is right,
//! since it removes only files that are there. The lease saves work that would be thrown away; no row depends on it, nor on whose clock is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::chance::chance;
use crate::error::TablesError;

/// Its name beside the tables.
pub(crate) const LEASE: &str = "_compactor";
/// Milliseconds it lasts without being renewed: a holder that died is waited for so long. Clocks that differ by more let two work at once.
pub const LEASE_MS: i64 = 60_000;
/// Bytes of it that are read: it has some 200.
const BYTES_MAX: u64 = 4_096;
/// Tries to write it, where the one before certainly had no effect; the next renewal comes well before it ends.
const TRIES: u32 = 3;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    number: i64,
    /// By chance, another for each who takes it.
    id: String,
    holder: String,
    until_ms: i64,
}

impl Said {
    fn to_json(&self) -> String {
        let Self { number, id, holder, until_ms } = self;
        json!({ "number": number, "id": id, "holder": holder, "until_ms": until_ms }).to_string()
    }

    fn from_json(bytes: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(bytes).ok()?;
        let text = |name: &str| Some(json[name].as_str()?.to_owned());
        let (number, until_ms) = (json["number"].as_i64()?, json["until_ms"].as_i64()?);
        Some(Self { number, id: text("id")?, holder: text("holder")?, until_ms })
    }
}

/// The file and its tag.
type Found = (Said, UpdateVersion);

#[derive(Debug)]
struct Shared {
    store: Arc<dyn ObjectStore>,
    path: Path,
    said: Said,
    tag: Mutex<UpdateVersion>,
    until_ms: AtomicI64,
    is_lost: AtomicBool,
}

/// Leave to compact, while it lasts.
#[derive(Debug, Clone)]
pub struct Lease {
    /// None where nobody else can write.
    shared: Option<Arc<Shared>>,
}

/// What comes of asking for it.
#[derive(Debug)]
pub enum Leased {
    /// It is ours.
    Held(Lease),
    /// Another has it.
    By {
        /// Who.
        holder: String,
        /// Until when, if it is not renewed: milliseconds since 1970-01-01T00:00:00Z.
        until_ms: i64,
    },
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(Error) -> TablesError {
    let path = path.to_string();
    move |source| TablesError::Store { action, path, source }
}

async fn read(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Option<Found>, TablesError> {
    let found = match store.get(path).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let tag = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
    if found.meta.size > BYTES_MAX {
        return Err(TablesError::Lease(path.to_string()));
    }
    let bytes = found.bytes().await.map_err(failed("read", path))?;
    let said = Said::from_json(&bytes).ok_or_else(|| TablesError::Lease(path.to_string()))?;
    Ok(Some((said, tag)))
}

/// Writes it if nobody else has since; gives what stands then.
async fn write(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    said: &Said,
    before: Option<UpdateVersion>,
) -> Result<Found, TablesError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let mode = before.clone().map_or(PutMode::Create, PutMode::Update);
        let options = PutOptions { mode, ..PutOptions::default() };
        let error = match store.put_opts(path, said.to_json().into(), options).await {
            Ok(put) => return Ok((said.clone(), put.into())),
            Err(error) => error,
        };
        // Whatever it says: it may have been written, and the answer lost.
        let found = read(store, path).await?;
        let is_as_before = found.as_ref().map(|(_, tag)| &tag.e_tag) == before.as_ref().map(|tag| &tag.e_tag);
        match found {
            Some(found) if !is_as_before => return Ok(found),
            None if !is_as_before => return Err(failed("write", path)(error)),
            _ if tries == 0 => return Err(failed("write", path)(error)),
            _ => {}
        }
    }
}

/// Asks for the lease. `least`: the greatest number that any table knows, for when there is no file.
pub(crate) async fn take(
    store: &Arc<dyn ObjectStore>,
    path: Path,
    holder: &str,
    now_ms: i64,
    least: impl AsyncFnOnce() -> Result<i64, TablesError>,
) -> Result<Leased, TablesError> {
    let (number, before) = match read(store, &path).await? {
        Some((said, _)) if said.until_ms > now_ms => {
            return Ok(Leased::By { holder: said.holder, until_ms: said.until_ms });
        }
        Some((said, tag)) => (said.number, Some(tag)),
        None => (least().await?, None),
    };
    let said = Said {
        number: number.saturating_add(1),
        id: format!("{:016x}", chance()),
        holder: holder.to_owned(),
        until_ms: now_ms.saturating_add(LEASE_MS),
    };
    match write(store, &path, &said, before).await? {
        (stands, tag) if stands == said => {
            let until_ms = AtomicI64::new(said.until_ms);
            let (store, tag) = (Arc::clone(store), Mutex::new(tag));
            let shared = Shared { store, path, said, tag, until_ms, is_lost: AtomicBool::new(false) };
            Ok(Leased::Held(Lease { shared: Some(Arc::new(shared)) }))
        }
        (other, _) => Ok(Leased::By { holder: other.holder, until_ms: other.until_ms }),
    }
}

impl Lease {
    /// Where nobody else can write.
    pub(crate) const fn alone() -> Self {
        Self { shared: None }
    }

    /// Its number; none where nobody else can write.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.shared.as_ref().map(|shared| shared.said.number)
    }

    /// Fails if it has ended or is another's by now.
    ///
    /// # Errors
    ///
    /// [`TablesError::LeaseLost`].
    pub fn check(&self, now_ms: i64) -> Result<(), TablesError> {
        match &self.shared {
            Some(shared)
                if shared.is_lost.load(Ordering::SeqCst) || shared.until_ms.load(Ordering::SeqCst) <= now_ms =>
            {
                Err(TablesError::LeaseLost)
            }
            _ => Ok(()),
        }
    }

    /// Makes it last from now on.
    ///
    /// # Errors
    ///
    /// If it is another's by now, or the store refuses; then it may still last.
    pub async fn renew(&self, now_ms: i64) -> Result<(), TablesError> {
        let until_ms = now_ms.saturating_add(LEASE_MS);
        self.write(until_ms).await?;
        if let Some(shared) = &self.shared {
            shared.until_ms.store(until_ms, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Lets go of it. What cannot be written ends by itself.
    ///
    /// # Errors
    ///
    /// As [`Lease::renew`].
    pub async fn release(self) -> Result<(), TablesError> {
        self.write(0).await
    }

    async fn write(&self, until_ms: i64) -> Result<(), TablesError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let mut tag = shared.tag.lock().await;
        let said = Said { until_ms, ..shared.said.clone() };
        let (stands, now) = write(&shared.store, &shared.path, &said, Some(tag.clone())).await?;
        if stands == said {
            *tag = now;
            return Ok(());
        }
        shared.is_lost.store(true, Ordering::SeqCst);
        Err(TablesError::LeaseLost)
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    async fn ask(store: &Arc<dyn ObjectStore>, holder: &str, now_ms: i64) -> Leased {
        take(store, Path::from(LEASE), holder, now_ms, async || Ok(4)).await.unwrap()
    }

    fn held(leased: Leased) -> Lease {
        match leased {
            Leased::Held(lease) => lease,
            Leased::By { holder, .. } => panic!("{holder} has it"),
        }
    }

    #[tokio::test]
    async fn one_has_it_until_it_ends_and_the_next_has_a_greater_number() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let one = held(ask(&store, "one", 0).await);
        assert_eq!(one.number(), Some(5));
        assert!(
            matches!(ask(&store, "two", LEASE_MS - 1).await, Leased::By { holder, until_ms: LEASE_MS } if holder == "one")
        );
        one.renew(LEASE_MS - 1).await.unwrap();
        assert!(one.check(LEASE_MS + 5).is_ok());
        assert!(matches!(ask(&store, "two", LEASE_MS + 5).await, Leased::By { .. }));
        // It falls silent: another takes over, and it finds out.
        let two = held(ask(&store, "two", 2 * LEASE_MS).await);
        assert_eq!(two.number(), Some(6));
        assert!(matches!(one.check(2 * LEASE_MS), Err(TablesError::LeaseLost)));
        assert!(matches!(one.renew(2 * LEASE_MS).await, Err(TablesError::LeaseLost)));
        assert!(one.check(0).is_err() && two.check(2 * LEASE_MS).is_ok());
        two.release().await.unwrap();
        assert_eq!(held(ask(&store, "one", 2 * LEASE_MS).await).number(), Some(7));
    }

    #[tokio::test]
    async fn what_is_no_lease_is_refused_by_name() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for wrong in ["", "{}", r#"{"number":"1"}"#, &"x".repeat(10_000)] {
            store.put(&Path::from(LEASE), wrong.to_owned().into()).await.unwrap();
            let error = take(&store, Path::from(LEASE), "one", 0, async || Ok(0)).await.unwrap_err();
            assert!(error.to_string().contains(LEASE), "{error}");
        }
    }
}
