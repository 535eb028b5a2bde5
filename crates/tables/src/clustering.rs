//! Rows of the same kind next to each other: what repeats is then close enough for compression to see.
//!
//! CloudTrail's records take little more than half the room that they take in the order of time. Order of time is kept between row groups, not within
//! them: what looks for a span of time skips row groups, and reads those at its ends whole.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::{SortColumn, concat, interleave_record_batch, lexsort_to_indices};
use arrow::error::ArrowError;
use sekisho_event::Column::{self, *};
use sekisho_event::Table;

use crate::name::TableName;

/// What tells the kind of a record, the most telling first; its source stands before, its index behind.
const fn kind(table: TableName) -> &'static [Column] {
    let TableName::Events(table) = table else { return &[] };
    match table {
        Table::Http => &[Host, Path, UserAgent],
        Table::ApiActivity => &[Service, Operation, UserArn, UserAgent],
        Table::Authentication => &[DeviceHost, ProcessName, Service, Operation, UserName],
        Table::Network => &[SrcInterface, SrcIp, DstIp, DstPort],
        Table::Process => &[DeviceHost, ProcessName, RecordType, CommandLine],
        Table::Findings => &[RuleUid, Title],
        Table::System => &[DeviceHost, ProcessName, Facility],
    }
}

/// Rows of several batches in one order: those of a kind next to each other, in the order they came in. Gives at most `rows_max` at a time.
///
/// # Errors
///
/// If there are more rows than a batch can have, or they lack a column of the table.
pub(crate) fn clustered(
    table: TableName,
    batches: &[RecordBatch],
    rows_max: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>>, ArrowError> {
    let names = ["source"].into_iter().chain(kind(table).iter().map(|column| column.name())).chain(["record"]);
    let column = |name: &str| {
        let parts: Option<Vec<&dyn Array>> =
            batches.iter().map(|batch| batch.column_by_name(name).map(|column| &**column)).collect();
        let parts = parts.ok_or_else(|| ArrowError::SchemaError(format!("there is no column {name}")))?;
        Ok(SortColumn { values: concat(&parts)?, options: None })
    };
    let order = lexsort_to_indices(&names.map(column).collect::<Result<Vec<_>, ArrowError>>()?, None)?;
    let mut ends = Vec::with_capacity(batches.len());
    let mut rows = 0;
    for batch in batches {
        rows += batch.num_rows();
        ends.push(rows);
    }
    let place = move |row: u32| {
        let row = row as usize;
        let batch = ends.partition_point(|end| *end <= row);
        (batch, row - batch.checked_sub(1).map_or(0, |before| ends[before]))
    };
    let places: Vec<_> = order.values().iter().map(|row| place(*row)).collect();
    let batches: Vec<_> = batches.to_vec();
    let starts = (0..places.len()).step_by(rows_max);
    Ok(starts.map(move |start| {
        let now = &places[start..places.len().min(start + rows_max)];
        interleave_record_batch(&batches.iter().collect::<Vec<_>>(), now)
    }))
}

/// Rows of one batch, clustered.
///
/// # Errors
///
/// If they lack a column of the table.
pub(crate) fn clustered_batch(table: TableName, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (empty, rows) = (RecordBatch::new_empty(Arc::clone(batch.schema_ref())), batch.num_rows().max(1));
    clustered(table, &[batch], rows)?.next().unwrap_or(Ok(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_the_columns_it_is_ordered_by() {
        for table in TableName::all() {
            assert!(kind(table).iter().all(|column| table.promoted().contains(column)), "{table:?}");
        }
    }
}
