//! What tables have.

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use sekisho_tables::{TableName, Tables};

/// All records of a log in all tables: index, source, bytes; and the number of files they are in.
pub(crate) async fn rows(tables: &Tables, log: &str) -> (Vec<(i64, String, String)>, u64) {
    let (mut records, mut files) = (Vec::new(), 0);
    for table in TableName::all() {
        let snapshot = tables.snapshot(table).await.unwrap();
        for file in snapshot.files().iter().filter(|file| *file.log == *log) {
            files += 1;
            let mut rows = tables.rows(file, &["record", "source", "raw"]).await.unwrap();
            while let Some(batch) = rows.next().await.unwrap() {
                let column = |name| batch.column_by_name(name).unwrap();
                let (index, source, raw) = (
                    column("record").as_primitive::<Int64Type>(),
                    column("source").as_string::<i32>(),
                    column("raw").as_string::<i32>(),
                );
                let row = |row| (index.value(row), source.value(row).to_owned(), raw.value(row).to_owned());
                records.extend((0..batch.num_rows()).map(row));
            }
        }
    }
    (records, files)
}
