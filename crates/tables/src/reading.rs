//! Data files, read column by column.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::error::TablesError;
use crate::snapshot::DataFile;

/// Rows of a batch: with the longest records, what one batch takes stays bearable.
const BATCH_ROWS: usize = 8_192;

/// A file in a store.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    store: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for StoredFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move { self.store.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        }
        .boxed()
    }
}

pub(crate) fn unreadable(file: &DataFile) -> impl FnOnce(ParquetError) -> TablesError + use<> {
    let path = file.path.to_string();
    move |source| TablesError::Parquet { action: "read", path, source }
}

/// A file that is to be read.
pub(crate) async fn open(
    store: &Arc<dyn ObjectStore>,
    file: &DataFile,
) -> std::result::Result<ParquetRecordBatchStreamBuilder<StoredFile>, TablesError> {
    let reader = StoredFile { store: Arc::clone(store), path: file.path.clone(), bytes: file.bytes };
    ParquetRecordBatchStreamBuilder::new(reader).await.map_err(unreadable(file))
}

/// Some columns of a file, a few rows at a time, in the order of the file.
pub struct Rows {
    batches: ParquetRecordBatchStream<StoredFile>,
    file: DataFile,
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Rows {
    pub(crate) async fn open(
        store: &Arc<dyn ObjectStore>,
        file: &DataFile,
        columns: &[&str],
    ) -> std::result::Result<Self, TablesError> {
        let builder = open(store, file).await?;
        let wanted = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        let batches = builder.with_projection(wanted).with_batch_size(BATCH_ROWS).build();
        Ok(Self { batches: batches.map_err(unreadable(file))?, file: file.clone() })
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is none of a table's.
    pub async fn next(&mut self) -> std::result::Result<Option<RecordBatch>, TablesError> {
        self.batches.next().await.transpose().map_err(unreadable(&self.file))
    }
}
