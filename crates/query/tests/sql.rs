//! SQL over a small lake: the files in `tests/slt`, in the form of sqllogictest.
//!
//! `query` and, on the next lines, SQL up to `----`, then rows with columns parted by a blank up to an empty line; NULL is `NULL`, an empty text is
//! `(empty)`. `statement error` has SQL, `----`, and a part of the message. `SLT_WRITE=1` writes what is answered.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::Path;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use sekisho_query::{QueryError, QuerySettings, Questions};

#[path = "support/small_lake.rs"]
mod small_lake;

#[test]
fn sql_files_give_what_they_say() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let countries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sekisho/tests/geo/country.mmdb");
    let countries = maxminddb::Reader::open_readfile(countries).unwrap();
    let settings = QuerySettings { countries: Some(countries.into()), ..QuerySettings::default() };
    let questions = Questions::new(runtime.block_on(small_lake::tables(folder.path())), settings).unwrap();
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            let block = block.trim_matches('\n');
            if block.lines().all(|line| line.starts_with('#')) {
                written.push_str(&format!("{block}\n\n"));
                continue;
            }
            let comments: String =
                block.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
            let (head, rest) = block[comments.len()..].split_once('\n').unwrap();
            let (sql, expected) =
                rest.split_once("\n----").unwrap_or_else(|| panic!("no ---- in {}: {block}", file.display()));
            let answered = runtime.block_on(answer(&questions, sql));
            let found = match (&answered, head) {
                (Ok(rows), "query") => rows.join("\n"),
                (Err(error), "statement error") => {
                    let expected = expected.trim();
                    if !expected.is_empty() && error.to_string().contains(expected) {
                        expected.to_owned()
                    } else {
                        error.to_string()
                    }
                }
                (other, _) => format!("{other:?}"),
            };
            if found != expected.trim_matches('\n') {
                wrong.push(format!("{}:\n{sql}\nexpected:\n{expected}\nfound:\n{found}\n", file.display()));
            }
            written.push_str(&format!("{comments}{head}\n{sql}\n----\n{found}\n\n"));
        }
        if option_env!("SLT_WRITE").is_some() {
            fs::write(&file, written).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn answer(questions: &Questions, sql: &str) -> Result<Vec<String>, QueryError> {
    let mut answer = questions.ask(sql).await?;
    let options = FormatOptions::new().with_null("NULL");
    let mut lines = Vec::new();
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns.iter().map(|column| column.value(row).to_string()).collect();
            lines.push(
                cells.iter().map(|cell| if cell.is_empty() { "(empty)" } else { cell }).collect::<Vec<_>>().join(" "),
            );
        }
    }
    Ok(lines)
}
