//! Answers as text or files.
//!
//! A format takes batches as they come; none gathers the answer in memory, except that a table looks at its first rows for its widths.

mod cells;
mod csv;
mod json_lines;
mod parquet;
mod table;

use std::io::Write;

use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;

pub use self::csv::Csv;
pub use self::json_lines::JsonLines;
pub use self::parquet::Parquet;
pub use self::table::Table;

use crate::engine::Answer;
use crate::error::QueryError;

/// A way to write an answer.
pub trait Format {
    /// Writes some rows.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError>;

    /// Writes what stands behind the last row.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn finish(self: Box<Self>) -> Result<(), QueryError>;
}

/// The formats by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatName {
    /// For people.
    Table,
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl FormatName {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("table", Self::Table),
        ("csv", Self::Csv),
        ("json", Self::JsonLines),
        ("ndjson", Self::JsonLines),
        ("parquet", Self::Parquet),
    ];

    /// A writer. `width`: columns of the terminal; none where there is none.
    ///
    /// # Errors
    ///
    /// The beginning cannot be written, or a column cannot be kept in that format.
    pub fn writer<'w, W: Write + Send + 'w>(
        self,
        schema: &SchemaRef,
        to: W,
        width: Option<usize>,
    ) -> Result<Box<dyn Format + 'w>, QueryError> {
        Ok(match self {
            Self::Table => Box::new(Table::new(schema, to, width)),
            Self::Csv => Box::new(Csv::new(schema, to)?),
            Self::JsonLines => Box::new(JsonLines::new(to)),
            Self::Parquet => Box::new(Parquet::new(schema, to)?),
        })
    }
}

impl Answer {
    /// Writes all rows. How many there were.
    ///
    /// # Errors
    ///
    /// The query fails, or a row cannot be written; what was written before stays.
    pub async fn write(&mut self, mut format: Box<dyn Format + '_>) -> Result<u64, QueryError> {
        let mut rows = 0;
        while let Some(batch) = self.next().await {
            let batch = batch?;
            rows += batch.num_rows() as u64;
            format.rows(&batch)?;
        }
        format.finish()?;
        Ok(rows)
    }
}
