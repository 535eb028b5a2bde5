//! One Parquet file, compressed with zstd.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::Format;
use crate::error::QueryError;

/// Rows of a row group: what is held in memory at a time.
const ROW_GROUP_ROWS: usize = 65_536;

/// Writes Parquet.
pub struct Parquet<W: Write + Send> {
    to: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> Parquet<W> {
    /// Begins the file.
    ///
    /// # Errors
    ///
    /// A column has a type that Parquet has not.
    pub fn new(schema: &SchemaRef, to: W) -> Result<Self, QueryError> {
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_data_type(kept(field.data_type())));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let to = ArrowWriter::try_new(to, Arc::clone(&schema), Some(properties)).map_err(unwritten)?;
        Ok(Self { to, schema })
    }
}

impl<W: Write + Send> std::fmt::Debug for Parquet<W> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Parquet")
    }
}

/// Views are a matter of our memory; a file says what any reader knows.
fn kept(of: &DataType) -> DataType {
    match of {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

fn unwritten(error: ParquetError) -> QueryError {
    QueryError::write("Parquet")(std::io::Error::other(error))
}

impl<W: Write + Send> Format for Parquet<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        let columns = rows.columns().iter().zip(self.schema.fields());
        let columns: Result<Vec<ArrayRef>, _> =
            columns.map(|(column, field)| cast(column, field.data_type())).collect();
        let rows = columns.and_then(|columns| RecordBatch::try_new(Arc::clone(&self.schema), columns));
        let rows = rows.map_err(|error| QueryError::Sql(error.to_string()))?;
        self.to.write(&rows).map_err(unwritten)
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        self.to.finish().map(drop).map_err(unwritten)
    }
}
