//! The words of a file's rows, for its filter.

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::DataType;
use sekisho_words::Builder;

/// Columns that hold records as they came, not values.
const RECORDS: [&str; 3] = ["raw", "raw_bytes", "header"];

/// Adds the words of all texts of some rows.
pub(crate) fn add(rows: &RecordBatch, words: &mut Builder) {
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let is_record = RECORDS.contains(&field.name().as_str());
        match field.data_type() {
            DataType::Utf8 if is_record => {
                column.as_string::<i32>().iter().flatten().for_each(|text| words.add(text.as_bytes()));
            }
            DataType::Utf8 => column.as_string::<i32>().iter().flatten().for_each(|text| words.add_value(text)),
            DataType::Binary => column.as_binary::<i32>().iter().flatten().for_each(|bytes| words.add(bytes)),
            DataType::List(_) => {
                let items = column.as_list::<i32>().values();
                items.as_string::<i32>().iter().flatten().for_each(|text| words.add_value(text));
            }
            _ => {}
        }
    }
}
