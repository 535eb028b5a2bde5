//! JSON lines: an object a row, without what is NULL.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow_json::LineDelimitedWriter;

use super::Format;
use crate::error::QueryError;

/// Writes JSON lines.
pub struct JsonLines<W: Write> {
    to: LineDelimitedWriter<W>,
}

impl<W: Write> JsonLines<W> {
    /// Nothing stands before the first row.
    pub fn new(to: W) -> Self {
        Self { to: LineDelimitedWriter::new(to) }
    }
}

impl<W: Write> std::fmt::Debug for JsonLines<W> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("JsonLines")
    }
}

fn unwritten(error: arrow::error::ArrowError) -> QueryError {
    QueryError::write("JSON lines")(std::io::Error::other(error))
}

impl<W: Write> Format for JsonLines<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        self.to.write(rows).map_err(unwritten)
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        self.to.finish().map_err(unwritten)?;
        self.to.into_inner().flush().map_err(QueryError::write("JSON lines"))
    }
}
