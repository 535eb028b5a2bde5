//! How columns are written to Parquet.
//!
//! Readers of other programs must understand it: version 1 pages, plain types, and only encodings that Spark, DuckDB and Athena read.
//! `raw` and what repeats pieces of it have no statistics: the least and the greatest of JSON texts say nothing.

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// For texts that no one can foretell, such as random identifiers: higher levels only look in vain, and find worse.
const ZSTD_UNIQUE: i32 = 1;

/// When a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// While records come in.
    Quick,
    /// Once for good: a twentieth less room, at three times the processor time.
    Thorough,
}

impl Effort {
    /// Higher levels cost more time than they save room.
    const fn zstd_level(self) -> i32 {
        match self {
            Self::Quick => 3,
            Self::Thorough => 6,
        }
    }
}

/// Rows of a row group: what one thread of a query takes at once.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a page: a search for one value reads so many.
const PAGE_ROWS: usize = 20_000;
/// Bytes of a page of long texts, before compression: what one looks back at for repetitions, and what must be unpacked for one row.
const LONG_PAGE_BYTES: usize = 1 << 20;
/// Bytes of texts that are kept as least and greatest.
const STATISTICS_BYTES: usize = 64;

/// Long texts: each row has its own, and their order says nothing.
const LONG: [&str; 6] = ["raw", "raw_bytes", "unmapped", "request_data", "response_data", "request_headers"];
/// Texts that are another in nearly each row: a dictionary of them would be as long as they are.
const UNIQUE: [&str; 4] = ["event_uid", "call_uid", "request_uid", "finding_uid"];

/// For files with these columns.
pub(crate) fn properties(schema: &SchemaRef, effort: Effort) -> Result<WriterProperties, ParquetError> {
    let columns = ArrowSchemaConverter::new().convert(schema)?;
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("sekisho version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(effort.zstd_level())?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES));
    for column in columns.columns() {
        let path = column.path();
        let name = path.parts()[0].as_str();
        if LONG.contains(&name) {
            builder = lengths_apart(builder, path)
                .set_column_data_page_size_limit(path.clone(), LONG_PAGE_BYTES)
                .set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        } else if UNIQUE.contains(&name) {
            let level = ZstdLevel::try_new(ZSTD_UNIQUE)?;
            builder = lengths_apart(builder, path).set_column_compression(path.clone(), Compression::ZSTD(level));
        } else if column.physical_type() == Type::INT64 && ["time", "record"].contains(&name) {
            builder = plain(builder, path).set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(builder.build())
}

type Builder = parquet::file::properties::WriterPropertiesBuilder;

/// Texts whose lengths stand before them all: lengths among them would break what compresses well.
fn lengths_apart(builder: Builder, path: &ColumnPath) -> Builder {
    plain(builder, path).set_column_encoding(path.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
}

fn plain(builder: Builder, path: &ColumnPath) -> Builder {
    builder.set_column_dictionary_enabled(path.clone(), false)
}
