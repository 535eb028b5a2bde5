//! Values as text.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::QueryError;

/// How values are written: moments as RFC 3339, nothing for NULL.
fn options() -> FormatOptions<'static> {
    FormatOptions::new()
        .with_display_error(true)
        .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.6fZ"))
        .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S%.6f"))
}

/// What writes each column.
pub(super) fn columns(rows: &RecordBatch) -> Result<Vec<ArrayFormatter<'_>>, QueryError> {
    static OPTIONS: std::sync::LazyLock<FormatOptions<'static>> = std::sync::LazyLock::new(options);
    let columns = rows.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS));
    columns.collect::<Result<_, _>>().map_err(|error| QueryError::Sql(error.to_string()))
}
