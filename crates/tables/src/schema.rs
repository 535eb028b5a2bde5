//! The columns of a table, for Arrow and for Delta.
//!
//! First the promoted columns of `sekisho-event`, then what every record has, last the day it is filed under. That one is in the
//! files' path, not in the files.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{ArrayType, DataType as DeltaType, StructField};
use sekisho_event::{Column, Kind};

use crate::name::TableName;

/// The column a table is divided by: the day, UTC, a record is filed under.
pub(crate) const DAY: &str = "day";
/// Name of the items of a list, as Spark writes it.
const ITEM: &str = "element";

/// What a column holds, in the terms of both formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Value(Kind),
    Bytes,
    Date,
}

/// Columns of every record, after the promoted ones.
const OF_RECORDS: [(&str, Holds); 8] = [
    ("log", Holds::Value(Kind::Text)),
    ("record", Holds::Value(Kind::Int)),
    ("source", Holds::Value(Kind::Text)),
    ("received", Holds::Value(Kind::Time)),
    ("header", Holds::Value(Kind::Text)),
    ("raw", Holds::Value(Kind::Text)),
    ("raw_bytes", Holds::Bytes),
    ("unmapped", Holds::Value(Kind::Text)),
];

impl Holds {
    fn arrow(self) -> DataType {
        match self {
            Self::Value(Kind::Text) => DataType::Utf8,
            Self::Value(Kind::Int) => DataType::Int64,
            Self::Value(Kind::Bool) => DataType::Boolean,
            Self::Value(Kind::Time) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Value(Kind::Texts) => DataType::List(item()),
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
        }
    }

    fn delta(self) -> DeltaType {
        match self {
            Self::Value(Kind::Text) => DeltaType::STRING,
            Self::Value(Kind::Int) => DeltaType::LONG,
            Self::Value(Kind::Bool) => DeltaType::BOOLEAN,
            Self::Value(Kind::Time) => DeltaType::TIMESTAMP,
            Self::Value(Kind::Texts) => ArrayType::new(DeltaType::STRING, true).into(),
            Self::Bytes => DeltaType::BINARY,
            Self::Date => DeltaType::DATE,
        }
    }
}

/// The items of a list of texts.
pub(crate) fn item() -> Arc<Field> {
    Arc::new(Field::new(ITEM, DataType::Utf8, true))
}

impl TableName {
    /// Its promoted columns.
    #[must_use]
    pub fn promoted(self) -> &'static [Column] {
        match self {
            Self::Events(table) => table.columns(),
            Self::Quarantine => &[],
        }
    }

    fn columns(self) -> impl Iterator<Item = (&'static str, Holds)> {
        let promoted = self.promoted().iter().map(|column| (column.name(), Holds::Value(column.kind())));
        let is_quarantine = self == Self::Quarantine;
        let of_records = OF_RECORDS.into_iter().map(move |(name, holds)| match name {
            "unmapped" if is_quarantine => ("reason", holds),
            name => (name, holds),
        });
        promoted.chain(of_records)
    }

    /// The columns that are in a data file.
    #[must_use]
    pub fn file_schema(self) -> SchemaRef {
        let fields = self.columns().map(|(name, holds)| Field::new(name, holds.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// All columns: those of the files, and `day`, which is in their path.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        let columns = self.columns().chain([(DAY, Holds::Date)]);
        let fields = columns.map(|(name, holds)| Field::new(name, holds.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    pub(crate) fn delta_schema(self) -> Vec<StructField> {
        let columns = self.columns().chain([(DAY, Holds::Date)]);
        columns.map(|(name, holds)| StructField::new(name, holds.delta(), true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_the_columns_of_records_and_a_day() {
        for table in TableName::all() {
            let (files, all) = (table.file_schema(), table.schema());
            assert_eq!(all.fields().len(), files.fields().len() + 1);
            assert_eq!(table.delta_schema().len(), all.fields().len());
            for name in ["log", "record", "source", "received", "header", "raw", "raw_bytes"] {
                assert!(files.column_with_name(name).is_some(), "{}.{name}", table.as_str());
            }
            assert_eq!(all.fields().last().map(|field| field.name().as_str()), Some(DAY));
            let is_quarantine = table == TableName::Quarantine;
            assert_eq!(files.column_with_name("reason").is_some(), is_quarantine);
            assert_eq!(files.column_with_name("unmapped").is_some(), !is_quarantine);
        }
    }
}
