//! Data files, read column by column.

use std::sync::Arc;

use object_store::ObjectStore;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::{ParquetObjectReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;

use crate::error::TablesError;
use crate::snapshot::DataFile;

/// Rows of a batch: with the longest records, what one batch takes stays bearable.
const BATCH_ROWS: usize = 8_192;

pub(crate) fn unreadable(file: &DataFile) -> impl FnOnce(ParquetError) -> TablesError + use<> {
    let path = file.path.to_string();
    move |source| TablesError::Parquet { action: "read", path, source }
}

/// Some columns of a file, in the order of the file.
pub(crate) async fn read_columns(
    store: &Arc<dyn ObjectStore>,
    file: &DataFile,
    columns: &[&str],
) -> Result<ParquetRecordBatchStream<ParquetObjectReader>, TablesError> {
    let reader = ParquetObjectReader::new(Arc::clone(store), file.path.clone()).with_file_size(file.bytes);
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(unreadable(file))?;
    let wanted = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    builder.with_projection(wanted).with_batch_size(BATCH_ROWS).build().map_err(unreadable(file))
}
