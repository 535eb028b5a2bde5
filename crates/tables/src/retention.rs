//! Files that leave a place: moved to the next, or deleted.

use std::sync::Arc;

use deltalake::kernel::Action;
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::StreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use tokio::io::AsyncWriteExt as _;

use crate::compaction::{moved, removed};
use crate::error::TablesError;
use crate::name::TableName;
use crate::schema::DAY;
use crate::snapshot::DataFile;
use crate::tables::Tables;
use crate::tier::{Mark, Tier};

/// Takes files of one table out of the places they are in. They stay where they are until they are vacuumed.
pub(crate) async fn delete(
    tables: &Tables,
    table: TableName,
    files: &[DataFile],
    now_ms: i64,
) -> Result<(), TablesError> {
    for tier in tables.tiers(table) {
        let listed = tier.list().await?;
        let here = listed.iter().flat_map(|listing| &listing.files);
        // A file on its way from one place to the next is in both.
        let gone = here.filter(|file| files.iter().any(|wanted| wanted.name() == file.name()));
        let actions: Vec<_> = gone.map(|file| Action::Remove(removed(file, now_ms, true))).collect();
        if !actions.is_empty() {
            tier.commit(actions, DeltaOperation::Delete { predicate: None }, Mark::None).await?;
        }
    }
    Ok(())
}

/// Moves files of the first place to the second: copied, committed there, then taken out here. If it ends in between, both have them, and
/// they count once.
pub(crate) async fn move_on(
    tables: &Tables,
    table: TableName,
    files: &[DataFile],
    now_ms: i64,
) -> Result<(), TablesError> {
    let [from, to, ..] = tables.tiers(table) else { return Ok(()) };
    let there = to.list().await?;
    let is_there =
        |file: &DataFile| there.iter().flat_map(|listing| &listing.files).any(|known| known.name() == file.name());
    let mut adds = Vec::new();
    for file in files.iter().filter(|file| !is_there(file)) {
        copy(from, to, &file.words, &to.words_path(file.name())).await?;
        copy(from, to, &file.path, &to.path(file.name())).await?;
        adds.push(Action::Add(moved(file, now_ms)));
    }
    if !adds.is_empty() {
        let partition_by = Some(vec![DAY.to_owned()]);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
        to.commit(adds, operation, Mark::None).await?;
    }
    let removes = files.iter().map(|file| Action::Remove(removed(file, now_ms, true))).collect();
    from.commit(removes, DeltaOperation::Delete { predicate: None }, Mark::None).await
}

/// Copies a file, a piece at a time. A filter that is not there is none there either.
async fn copy(from: &Tier, to: &Tier, path: &Path, target: &Path) -> Result<(), TablesError> {
    let failed = |source| TablesError::Store { action: "move", path: path.to_string(), source };
    let mut pieces = match from.store().get(path).await {
        Ok(found) => found.into_stream(),
        Err(object_store::Error::NotFound { .. }) if path.as_ref().ends_with(".words") => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let mut sink = BufWriter::new(Arc::clone(to.store()), target.clone());
    while let Some(piece) = pieces.next().await {
        sink.put(piece.map_err(failed)?).await.map_err(failed)?;
    }
    let ended = sink.shutdown().await;
    ended.map_err(|error| failed(object_store::Error::Generic { store: "move", source: Box::new(error) }))
}
