//! Columns of one table that grow row by row.
//!
//! A row says which columns it has; those it does not mention are filled up with nothing when they are next written, or at the end. So a
//! row costs what it holds, not what its table could hold.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use sekisho_event::{Column, Value};

use crate::arrived::Arrived;
use crate::clustering::clustered_batch;
use crate::name::TableName;
use crate::schema::item;

/// A promoted column that a table does not have.
const ABSENT: u8 = u8::MAX;

#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
    Bytes(BinaryBuilder),
}

impl Builder {
    fn new(holds: &DataType) -> Self {
        match holds {
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Timestamp(..) => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            DataType::List(_) => Self::Texts(ListBuilder::new(StringBuilder::new()).with_field(item())),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            other => unreachable!("no column of a file holds {other}"),
        }
    }

    fn append_nulls(&mut self, count: usize) {
        match self {
            Self::Text(builder) => builder.append_nulls(count),
            Self::Int(builder) => builder.append_nulls(count),
            Self::Bool(builder) => builder.append_nulls(count),
            Self::Time(builder) => builder.append_nulls(count),
            Self::Texts(builder) => builder.append_nulls(count),
            Self::Bytes(builder) => builder.append_nulls(count),
        }
    }

    fn append(&mut self, value: &Value<'_>) {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Int(builder), Value::Int(number)) => builder.append_value(*number),
            (Self::Bool(builder), Value::Bool(truth)) => builder.append_value(*truth),
            (Self::Time(builder), Value::Time(time_us)) => builder.append_value(*time_us),
            (Self::Texts(builder), Value::Texts(texts)) => {
                texts.iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            (builder, value) => unreachable!("{builder:?} takes no {:?}: events check that", value.kind()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Texts(builder) => Arc::new(builder.finish()),
            Self::Bytes(builder) => Arc::new(builder.finish()),
        }
    }
}

#[derive(Debug)]
struct Growing {
    rows: usize,
    builder: Builder,
}

impl Growing {
    /// Fills up to a row, and gives what writes it.
    fn at(&mut self, row: usize) -> &mut Builder {
        if self.rows < row {
            self.builder.append_nulls(row - self.rows);
        }
        self.rows = row + 1;
        &mut self.builder
    }
}

/// Rows of one table, column by column.
#[derive(Debug)]
pub(crate) struct Columns {
    schema: SchemaRef,
    /// Where in `growing` each promoted column is.
    places: [u8; Column::ALL.len()],
    growing: Vec<Growing>,
    /// The first of the columns that every record has.
    of_records: usize,
    table: TableName,
    rows: usize,
}

impl Columns {
    pub(crate) fn new(table: TableName) -> Self {
        let schema = table.file_schema();
        let mut places = [ABSENT; Column::ALL.len()];
        for (place, column) in table.promoted().iter().enumerate() {
            places[*column as usize] = u8::try_from(place).expect("a table has less than a hundred columns");
        }
        let growing = schema.fields().iter().map(|field| Growing { rows: 0, builder: Builder::new(field.data_type()) });
        let growing = growing.collect();
        Self { places, growing, of_records: table.promoted().len(), table, rows: 0, schema }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row. `said`: what of the record has no column, or why it was refused.
    pub(crate) fn push(&mut self, log: &str, record: &Arrived<'_>, values: &[(Column, Value<'_>)], said: &str) {
        let row = self.rows();
        for (column, value) in values {
            let place = self.places[*column as usize];
            if place != ABSENT {
                self.growing[usize::from(place)].at(row).append(value);
            }
        }
        self.push_record(row, log, record, said);
        self.rows += 1;
    }

    fn push_record(&mut self, row: usize, log: &str, record: &Arrived<'_>, said: &str) {
        let [its_log, index, source, received, header, raw, raw_bytes, saying] = &mut self.growing[self.of_records..]
        else {
            unreachable!("every table has the columns of records")
        };
        let text = |growing: &mut Growing, text: &str| match growing.at(row) {
            Builder::Text(builder) => builder.append_value(text),
            other => unreachable!("{other:?} is no column of texts"),
        };
        text(its_log, log);
        text(source, record.source);
        if !record.header.is_empty() {
            text(header, record.header);
        }
        if !said.is_empty() {
            text(saying, said);
        }
        match std::str::from_utf8(record.raw) {
            Ok(utf8) => text(raw, utf8),
            Err(_) => match raw_bytes.at(row) {
                Builder::Bytes(builder) => builder.append_value(record.raw),
                other => unreachable!("{other:?} is no column of bytes"),
            },
        }
        match index.at(row) {
            Builder::Int(builder) => builder.append_value(record.index.cast_signed()),
            other => unreachable!("{other:?} is no column of numbers"),
        }
        match received.at(row) {
            Builder::Time(builder) => builder.append_value(record.received_us()),
            other => unreachable!("{other:?} is no column of moments"),
        }
    }

    /// All rows, those of a kind next to each other.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows();
        let finish = |growing: &mut Growing| {
            growing.builder.append_nulls(rows - growing.rows);
            growing.builder.finish()
        };
        let columns = self.growing.iter_mut().map(finish).collect();
        clustered_batch(self.table, RecordBatch::try_new(self.schema, columns)?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
    use sekisho_event::{Class, Event, Table};

    use super::*;

    #[test]
    fn rows_have_what_they_said_and_stand_by_kind() {
        let mut columns = Columns::new(TableName::Events(Table::Http));
        for (index, time_us) in [(0, 30), (1, 10), (2, 20), (3, 10)] {
            let mut event = Event::new(Class::HttpActivity);
            event.time(Column::Time, Some(time_us));
            event.text(Column::Path, (index != 2).then(|| format!("/{index}")));
            event.texts(Column::Labels, if index == 1 { vec!["a".into(), "b".into()] } else { Vec::new() });
            let header = if index == 3 { "h" } else { "" };
            let raw: &[u8] = if index == 0 { b"\xff" } else { b"raw" };
            let arrived = Arrived { index, source: "s", header, received_ms: 5, raw };
            columns.push("log", &arrived, event.values(), "");
        }
        let batch = columns.finish().unwrap();
        let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
        assert_eq!(column("record").as_primitive::<Int64Type>().values().to_vec(), [2, 0, 1, 3]);
        assert_eq!(column("time").as_primitive::<TimestampMicrosecondType>().values().to_vec(), [20, 30, 10, 10]);
        let texts =
            |name: &str| column(name).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(texts("path"), [None, some("/0"), some("/1"), some("/3")]);
        assert_eq!(texts("header"), [None, None, None, some("h")]);
        assert_eq!(texts("raw"), [some("raw"), None, some("raw"), some("raw")]);
        assert_eq!(column("raw_bytes").as_binary::<i32>().value(1), b"\xff");
        let labels = column("labels");
        let labels = labels.as_list::<i32>();
        assert_eq!((labels.value(2).len(), labels.is_null(1)), (2, true));
    }
}
