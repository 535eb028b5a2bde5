//! CSV, as RFC 4180 has it, with a header line.
//!
//! A log can hold `=cmd|…`, and a spreadsheet would run it. Such values are written as they are, because other programs read them too; who opens
//! the file in a spreadsheet should import its columns as text. [`Csv::guarded`] writes an apostrophe before them instead.

use std::io::Write;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::{Format, cells};
use crate::error::QueryError;

/// Writes CSV.
#[derive(Debug)]
pub struct Csv<W: Write> {
    to: csv::Writer<W>,
    is_guarded: bool,
}

impl<W: Write> Csv<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    pub fn new(schema: &SchemaRef, to: W) -> Result<Self, QueryError> {
        let mut to = csv::Writer::from_writer(to);
        to.write_record(schema.fields().iter().map(|field| field.name())).map_err(unwritten)?;
        Ok(Self { to, is_guarded: false })
    }

    /// Writes an apostrophe before what a spreadsheet would take for a formula.
    #[must_use]
    pub fn guarded(self) -> Self {
        Self { is_guarded: true, ..self }
    }
}

fn unwritten(error: csv::Error) -> QueryError {
    let error = match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    };
    QueryError::write("CSV")(error)
}

/// Whether a spreadsheet takes it for a formula. Source: OWASP, "CSV Injection".
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

impl<W: Write> Format for Csv<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        let columns = cells::columns(rows)?;
        let mut cell = String::new();
        for row in 0..rows.num_rows() {
            for (column, values) in columns.iter().zip(rows.columns()) {
                cell.clear();
                if values.is_valid(row) {
                    column.value(row).write(&mut cell).map_err(|error| QueryError::Sql(error.to_string()))?;
                }
                if self.is_guarded && is_formula(&cell) && !values.data_type().is_numeric() {
                    cell.insert(0, '\'');
                }
                self.to.write_field(&cell).map_err(unwritten)?;
            }
            self.to.write_record(None::<&[u8]>).map_err(unwritten)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        self.to.flush().map_err(QueryError::write("CSV"))
    }
}
