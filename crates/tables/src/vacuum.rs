//! Files that no table has any more.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;

use crate::error::TablesError;
use crate::tier::Tier;

/// Files that were never part of a table may be on their way into it for so long.
const UNCOMMITTED_MS: i64 = 24 * 3_600_000;
/// What is a file of a table, or its filter; logs and what others put there are let be.
const ENDINGS: [&str; 2] = [".parquet", ".words"];

/// Removes files that were replaced or deleted more than `grace_ms` ago, and those that never became part of the table. Gives their number.
pub(crate) async fn vacuum(tier: &Tier, now_ms: i64, grace_ms: i64) -> Result<u64, TablesError> {
    let folder = tier.path("");
    let failed = |action| {
        let path = folder.to_string();
        move |source| TablesError::Store { action, path, source }
    };
    // First what is stored, then what the table has: a file that is committed in between is known.
    let stored: Vec<_> = tier.store().list(Some(&folder)).try_collect().await.map_err(failed("list"))?;
    let Some(listing) = tier.list().await? else { return Ok(0) };
    let tombstones: HashMap<String, i64> = tier.tombstones().await?.into_iter().collect();
    let known: HashSet<&str> = listing.files.iter().map(|file| file.name()).collect();
    // A file on its way is among the last by the store's own clock, whatever ours says.
    let newest_ms = stored.iter().map(|object| object.last_modified.timestamp_millis()).max().unwrap_or_default();
    let mut removed = 0;
    for object in stored {
        let Some(name) = tier.name_of(&object.location) else { continue };
        if !ENDINGS.iter().any(|ending| object.location.as_ref().ends_with(ending)) || known.contains(&*name) {
            continue;
        }
        let is_old = match tombstones.get(&*name) {
            Some(deleted_ms) => now_ms.saturating_sub(*deleted_ms) >= grace_ms,
            None => newest_ms.min(now_ms).saturating_sub(object.last_modified.timestamp_millis()) >= UNCOMMITTED_MS,
        };
        if is_old {
            tier.store().delete(&object.location).await.map_err(failed("remove a file of"))?;
            removed += 1;
        }
    }
    Ok(removed)
}
