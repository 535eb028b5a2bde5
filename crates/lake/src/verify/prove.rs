//! A proof for one record.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sekisho_append::Reader;
use sekisho_seal::{Checkpoint, Note, RecordProof, TileFiles, VerifyingKey, inclusion_proof};
use sekisho_tables::{TableName, Tables};

use super::MS_US;
use crate::error::LakeError;
use crate::place::Place;

/// A record, and the proof that it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The proof: what `sekisho-verify` reads.
    pub proof: RecordProof,
    /// The record's bytes.
    pub raw: Vec<u8>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The checkpoint cannot be trusted, or covers too little.
    #[error("the newest checkpoint does not cover record {0}: it is not sealed yet, or not one of this key")]
    Sealed(u64),
    /// The record is nowhere.
    #[error("record {0} is not in the lake")]
    Missing(u64),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The stored hashes cannot be read.
    #[error("read the hashes of the seal")]
    Hashes(#[source] std::io::Error),
}

/// What a leaf is made of.
struct Found {
    source: String,
    header: String,
    received_ms: i64,
    raw: Vec<u8>,
}

/// Proves a record. Must be called within a tokio runtime.
///
/// # Errors
///
/// If it is not in the lake or not sealed, or the lake cannot be read.
pub async fn prove(place: &Place, key: &VerifyingKey, index: u64) -> Result<Proved, ProveError> {
    let note = place.disk.read(&place.seal().join("checkpoint")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let note = note.and_then(|text| Note::from_text(&text).ok()).ok_or(ProveError::Sealed(index))?;
    let checkpoint = Checkpoint::verified(&note, key).map_err(|_| ProveError::Sealed(index))?;
    if index >= checkpoint.size {
        return Err(ProveError::Sealed(index));
    }
    let found = match in_append(place, index)? {
        Some(found) => found,
        None => in_tables(place, key.name(), index).await?.ok_or(ProveError::Missing(index))?,
    };
    let files = TileFiles::new(Arc::clone(&place.disk), &place.seal());
    let hashes = inclusion_proof(&files, index, checkpoint.size).map_err(ProveError::Hashes)?;
    let Found { source, header, received_ms, raw } = found;
    Ok(Proved { proof: RecordProof { source, header, received_ms, index, hashes, checkpoint: note }, raw })
}

fn in_append(place: &Place, index: u64) -> Result<Option<Found>, LakeError> {
    let folder = place.append();
    if Reader::oldest(&*place.disk, &folder)?.is_none_or(|oldest| oldest > index) {
        return Ok(None);
    }
    let mut reader = Reader::new(Arc::clone(&place.disk), &folder, index);
    let Some(batch) = reader.next(index + 1)? else { return Ok(None) };
    let found = (batch.index()..).zip(batch.records()).find(|(at, _)| *at == index).map(|(_, record)| Found {
        source: batch.source().to_owned(),
        header: batch.header().to_owned(),
        received_ms: record.received_ms,
        raw: record.raw.to_vec(),
    });
    Ok(found)
}

async fn in_tables(place: &Place, log: &str, index: u64) -> Result<Option<Found>, LakeError> {
    let tables = Tables::open(place.tables.clone());
    for table in TableName::all() {
        let snapshot = tables.snapshot(table).await?;
        for file in snapshot.files().iter().filter(|file| *file.log == *log && file.records.contains(&index)) {
            let mut rows = tables.rows(file, &super::COLUMNS).await?;
            while let Some(batch) = rows.next().await? {
                let column = |name: &str| batch.column_by_name(name).expect("every table has the columns of records");
                let text = |name: &str| column(name).as_string::<i32>();
                let records = column("record").as_primitive::<Int64Type>().values();
                let Some(row) = records.iter().position(|record| record.cast_unsigned() == index) else { continue };
                let raw = text("raw");
                let bytes = column("raw_bytes").as_binary::<i32>();
                let received = column("received").as_primitive::<TimestampMicrosecondType>().value(row);
                let header = text("header");
                return Ok(Some(Found {
                    source: text("source").value(row).to_owned(),
                    header: if header.is_valid(row) { header.value(row).to_owned() } else { String::new() },
                    received_ms: received.div_euclid(MS_US),
                    raw: if raw.is_valid(row) { raw.value(row).as_bytes() } else { bytes.value(row) }.to_vec(),
                }));
            }
        }
    }
    Ok(None)
}
