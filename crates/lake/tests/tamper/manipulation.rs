//! Ways to change a lake behind its back. Where rows are changed, the file is written anew as a whole, and the table's log is told its
//! new length: so an intruder would do it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sekisho_append::{Append, Batch, Origin, Record};
use sekisho_disk::FileSystem;
use sekisho_lake::verify::Problem;
use sekisho_seal::{Checkpoint, Hash, SigningKey};

use crate::random::Random;

/// What was done, and whether a problem names it.
pub(crate) struct Manipulation {
    pub(crate) kind: &'static str,
    pub(crate) what: String,
    pub(crate) names: Box<dyn Fn(&Problem) -> bool>,
}

type Change = fn(&Path, &mut Random) -> Manipulation;

const CHANGES: [Change; 16] = [
    flip_file,
    remove_file,
    cut_file,
    alter_row,
    drop_row,
    double_row,
    swap_rows,
    insert_row,
    unlist,
    unlist_as_deleted,
    alter_as_written,
    relist,
    flip_hash,
    cut_hashes,
    checkpoint,
    flip_append,
];

pub(crate) fn manipulate(lake: &Path, random: &mut Random) -> Manipulation {
    let change = usize::try_from(random.below(CHANGES.len() as u64)).unwrap();
    CHANGES[change](lake, random)
}

fn done(kind: &'static str, what: impl Into<String>, names: impl Fn(&Problem) -> bool + 'static) -> Manipulation {
    Manipulation { kind, what: what.into(), names: Box::new(names) }
}

fn pick<T: Clone>(all: &[T], random: &mut Random) -> T {
    all[usize::try_from(random.below(all.len() as u64)).unwrap()].clone()
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, ending, found);
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, ending, &mut found);
    found
}

/// Data files of tables; those of the log of commits aside.
fn data_files(lake: &Path) -> Vec<PathBuf> {
    files(&lake.join("tables"), ".parquet")
        .into_iter()
        .filter(|path| !path.to_str().unwrap().contains("_delta_log"))
        .collect()
}

fn flip(path: &Path, random: &mut Random) {
    let mut bytes = fs::read(path).unwrap();
    let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
    bytes[at] ^= 1 << random.below(8);
    fs::write(path, bytes).unwrap();
}

/// Whether a problem names a data file or its filter.
fn is_of(path: &Path) -> impl Fn(&Problem) -> bool + use<> {
    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
    move |problem| match problem {
        Problem::Bytes { file, .. } | Problem::Unreadable { file, .. } => file.name.contains(&stem),
        _ => false,
    }
}

fn any_file(lake: &Path, random: &mut Random) -> PathBuf {
    let mut all = data_files(lake);
    all.extend(files(&lake.join("tables"), ".words"));
    pick(&all, random)
}

fn flip_file(lake: &Path, random: &mut Random) -> Manipulation {
    let path = any_file(lake, random);
    flip(&path, random);
    done("one bit of a data file or filter", path.display().to_string(), is_of(&path))
}

fn remove_file(lake: &Path, random: &mut Random) -> Manipulation {
    let path = any_file(lake, random);
    fs::remove_file(&path).unwrap();
    done("a data file or filter removed", path.display().to_string(), is_of(&path))
}

fn cut_file(lake: &Path, random: &mut Random) -> Manipulation {
    let path = any_file(lake, random);
    let bytes = fs::read(&path).unwrap();
    let kept = usize::try_from(random.below(bytes.len() as u64)).unwrap();
    fs::write(&path, &bytes[..kept]).unwrap();
    done("a data file or filter cut", path.display().to_string(), is_of(&path))
}

fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Writes a file anew, and tells the table's log its length and number of rows.
fn rewrite(path: &Path, rows: &RecordBatch) {
    let old = fs::metadata(path).unwrap().len();
    let old_rows = read(path).num_rows();
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    let bytes = writer.into_inner().unwrap();
    fs::write(path, &bytes).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let table = path.parent().unwrap().parent().unwrap();
    for log in files(&table.join("_delta_log"), ".json") {
        let text = fs::read_to_string(&log).unwrap();
        let lines = text.lines().map(|line| {
            if line.contains(name) {
                let size = (format!("\"size\":{old}"), format!("\"size\":{}", bytes.len()));
                let count = (format!("numRecords\\\":{old_rows}"), format!("numRecords\\\":{}", rows.num_rows()));
                line.replace(&size.0, &size.1).replace(&count.0, &count.1)
            } else {
                line.to_owned()
            }
        });
        fs::write(&log, lines.collect::<Vec<_>>().join("\n")).unwrap();
    }
}

fn with_column(rows: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let (at, _) = rows.schema().column_with_name(name).unwrap();
    let mut columns = rows.columns().to_vec();
    columns[at] = column;
    RecordBatch::try_new(rows.schema(), columns).unwrap()
}

fn records(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("record").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

/// A data file with at least two rows.
fn some_rows(lake: &Path, random: &mut Random) -> (PathBuf, RecordBatch, usize) {
    loop {
        let path = pick(&data_files(lake), random);
        let rows = read(&path);
        if rows.num_rows() > 1 {
            let row = usize::try_from(random.below(rows.num_rows() as u64)).unwrap();
            return (path, rows, row);
        }
    }
}

fn text_changed(rows: &RecordBatch, name: &str, row: usize) -> ArrayRef {
    let texts = rows.column_by_name(name).unwrap().as_string::<i32>();
    let changed = (0..texts.len()).map(|at| match (at == row, texts.is_valid(at)) {
        (true, true) => Some(format!("{}x", texts.value(at))),
        (true, false) => Some("x".to_owned()),
        (false, true) => Some(texts.value(at).to_owned()),
        (false, false) => None,
    });
    Arc::new(changed.collect::<StringArray>())
}

fn alter_row(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    let record = records(&rows)[row].cast_unsigned();
    let column = pick(&["raw", "source", "header", "received", "log"], random);
    let changed: ArrayRef = if column == "received" {
        let received = rows.column_by_name(column).unwrap().as_primitive::<TimestampMicrosecondType>();
        let times = received.values().iter().enumerate().map(|(at, time)| time + i64::from(at == row) * 1_000);
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
    } else {
        text_changed(&rows, column, row)
    };
    rewrite(&path, &with_column(&rows, column, changed));
    done("a record altered", format!("{column} of {record} in {}", path.display()), move |problem| match problem {
        Problem::Altered { record: named, file: Some(_) } => *named == record,
        Problem::Inserted { record: named, .. } => named.cast_unsigned() == record,
        _ => false,
    })
}

fn drop_row(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    let record = records(&rows)[row].cast_unsigned();
    let kept =
        UInt32Array::from_iter_values((0..u32::try_from(rows.num_rows()).unwrap()).filter(|at| *at as usize != row));
    rewrite(&path, &take_record_batch(&rows, &kept).unwrap());
    // One that the write-ahead log still has is not lost, but the file is not what was written.
    let file = is_of(&path);
    done("a record dropped", format!("{record} of {}", path.display()), move |problem| match problem {
        Problem::Dropped { records } => records.contains(&record),
        other => file(other),
    })
}

fn double_row(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    let record = records(&rows)[row].cast_unsigned();
    let all = (0..u32::try_from(rows.num_rows()).unwrap()).chain([u32::try_from(row).unwrap()]);
    rewrite(&path, &take_record_batch(&rows, &UInt32Array::from_iter_values(all)).unwrap());
    done(
        "a record doubled",
        format!("{record} in {}", path.display()),
        move |problem| matches!(problem, Problem::Doubled { record: named, .. } if *named == record),
    )
}

fn swap_rows(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    let mut indexes = records(&rows);
    let other = (row + 1) % indexes.len();
    let (one, two) = (indexes[row].cast_unsigned(), indexes[other].cast_unsigned());
    let raws = rows.column_by_name("raw").unwrap().as_string::<i32>();
    let sources = rows.column_by_name("source").unwrap().as_string::<i32>();
    if raws.value(row) == raws.value(other) && sources.value(row) == sources.value(other) {
        // They are the same but for their places: another pair must do.
        return swap_rows(lake, random);
    }
    indexes.swap(row, other);
    rewrite(&path, &with_column(&rows, "record", Arc::new(Int64Array::from(indexes))));
    done(
        "two records in each other's places",
        format!("{one} and {two} in {}", path.display()),
        move |problem| matches!(problem, Problem::Reordered { record, stands_at, .. } if (*record, *stands_at) == (one, two)),
    )
}

fn insert_row(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    let mut indexes = records(&rows);
    let last = indexes.len();
    let all = (0..u32::try_from(last).unwrap()).chain([u32::try_from(row).unwrap()]);
    let more = take_record_batch(&rows, &UInt32Array::from_iter_values(all)).unwrap();
    let claimed = pick(&[-1, 1_000_000, i64::MAX], random);
    indexes.push(claimed);
    let more = with_column(&more, "record", Arc::new(Int64Array::from(indexes)));
    rewrite(&path, &with_column(&more, "raw", text_changed(&more, "raw", last)));
    done(
        "a record inserted",
        format!("{claimed} in {}", path.display()),
        move |problem| matches!(problem, Problem::Inserted { record, .. } if *record == claimed),
    )
}

/// A commit that adds files, one of them, and the records it has.
fn some_add(lake: &Path, random: &mut Random) -> (PathBuf, usize, String) {
    let commits: Vec<_> = files(&lake.join("tables"), ".json")
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains("\"add\""))
        .collect();
    let commit = pick(&commits, random);
    let text = fs::read_to_string(&commit).unwrap();
    let adds: Vec<_> =
        text.lines().enumerate().filter(|(_, line)| line.starts_with("{\"add\"")).map(|(at, _)| at).collect();
    (commit, pick(&adds, random), text)
}

fn unlist(lake: &Path, random: &mut Random) -> Manipulation {
    // Records that the write-ahead log has still are not lost with their file: the next start would write them again.
    let segments = files(&lake.join("append"), ".segment");
    let oldest: u64 = segments[0].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let (commit, add, text) = some_add(lake, random);
    let line = text.lines().nth(add).unwrap().to_owned();
    let first = line.rsplit("\\\"record\\\":").nth(1).unwrap();
    let first: u64 = first[..first.find(['}', ',']).unwrap()].parse().unwrap();
    if first >= oldest {
        return unlist(lake, random);
    }
    let kept: Vec<_> = text.lines().enumerate().filter(|(at, _)| *at != add).map(|(_, line)| line).collect();
    fs::write(&commit, kept.join("\n")).unwrap();
    done(
        "a file taken out of its table",
        format!("{line} of {}", commit.display()),
        move |problem| matches!(problem, Problem::Dropped { records } if records.contains(&first)),
    )
}

/// Appends a record of the lake's own, as anyone can who can write to the folder; what cannot be forged is a checkpoint that covers it.
fn say(lake: &Path, said: &serde_json::Value) {
    let append = Append::open(Arc::new(FileSystem), &lake.join("append"), sekisho_append::Settings::default()).unwrap();
    let mut batch = Batch::new(Origin { source: "sekisho", ..Origin::default() });
    batch.push(Record { received_ms: super::NOW_MS, raw: said.to_string().as_bytes() });
    append.append(batch).unwrap().wait().unwrap();
}

fn unlist_as_deleted(lake: &Path, random: &mut Random) -> Manipulation {
    let done = unlist(lake, random);
    let said = serde_json::json!({
        "time_ms": super::NOW_MS, "kind": "file_deleted", "table": "api_activity", "name": "x", "why": "older than 400 days",
        "records": [[0, u64::MAX]],
    });
    say(lake, &said);
    Manipulation { kind: "a file taken out of its table, and a deletion forged", ..done }
}

fn alter_as_written(lake: &Path, random: &mut Random) -> Manipulation {
    let (path, rows, row) = some_rows(lake, random);
    // Not what was sealed, but what was drawn from it.
    let days = rows.column_by_name("unmapped").map_or("reason", |_| "unmapped");
    rewrite(&path, &with_column(&rows, days, text_changed(&rows, days, row)));
    let hex = |path: &Path| {
        Hash::of(&[&fs::read(path).unwrap()]).0.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let (table, name) = path.strip_prefix(lake.join("tables")).unwrap().to_str().unwrap().split_once('/').unwrap();
    let words = lake.join("tables").join(table).join("_words").join(name).with_extension("words");
    let said = serde_json::json!({
        "time_ms": super::NOW_MS, "kind": "files_written",
        "files": [{
            "table": table, "name": name, "bytes": fs::metadata(&path).unwrap().len(), "sha256": hex(&path), "words_sha256": hex(&words),
        }],
    });
    say(lake, &said);
    done("a column altered, and the file's writing forged", path.display().to_string(), is_of(&path))
}

fn relist(lake: &Path, random: &mut Random) -> Manipulation {
    let (commit, add, text) = some_add(lake, random);
    let wanted = if random.chance(2) {
        ("numRecords\\\":", "numRecords\\\":1")
    } else {
        ("\\\"record\\\":", "\\\"record\\\":9")
    };
    let changed = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == add { line.replacen(wanted.0, wanted.1, 1) } else { line.to_owned() });
    fs::write(&commit, changed.collect::<Vec<_>>().join("\n")).unwrap();
    done("what a table's log says of a file", format!("{wanted:?} of {}", commit.display()), move |problem| {
        matches!(problem, Problem::Listed { .. })
    })
}

fn flip_hash(lake: &Path, random: &mut Random) -> Manipulation {
    let path = pick(&files(&lake.join("seal/hashes"), ""), random);
    flip(&path, random);
    done("one bit of a stored hash", path.display().to_string(), |problem| matches!(problem, Problem::Hashes { .. }))
}

fn cut_hashes(lake: &Path, random: &mut Random) -> Manipulation {
    let path = pick(&files(&lake.join("seal/hashes"), ""), random);
    let bytes = fs::read(&path).unwrap();
    let kept = usize::try_from(random.below(bytes.len() as u64)).unwrap();
    fs::write(&path, &bytes[..kept]).unwrap();
    done("stored hashes cut", path.display().to_string(), |problem| matches!(problem, Problem::Hashes { .. }))
}

fn checkpoint(lake: &Path, random: &mut Random) -> Manipulation {
    let path = lake.join("seal/checkpoint");
    let what = match random.below(3) {
        0 => {
            flip(&path, random);
            "one bit"
        }
        1 => {
            fs::remove_file(&path).unwrap();
            "removed"
        }
        _ => {
            let key = SigningKey::generate(super::LOG).unwrap();
            let forged =
                Checkpoint { origin: super::LOG.to_owned(), size: 1 + random.below(100), root: Hash::of(&[b"forged"]) };
            fs::write(&path, forged.sign(&key).to_text()).unwrap();
            "signed with another key"
        }
    };
    done("the checkpoint", what, |problem| matches!(problem, Problem::Checkpoint { .. }))
}

fn flip_append(lake: &Path, random: &mut Random) -> Manipulation {
    let segments: Vec<_> = files(&lake.join("append"), ".segment")
        .into_iter()
        .filter_map(|path| Some((records_end(&fs::read(&path).unwrap())?, path)))
        .collect();
    let (end, path) = pick(&segments, random);
    let mut bytes = fs::read(&path).unwrap();
    let at = usize::try_from(random.below(end as u64)).unwrap();
    bytes[at] ^= 1 << random.below(8);
    fs::write(&path, bytes).unwrap();
    done("one bit of the write-ahead log", path.display().to_string(), |problem| {
        matches!(problem, Problem::Append { .. } | Problem::Altered { file: None, .. })
    })
}

/// Where the last batch of a segment ends that has records. What follows it has none: batches that only wait for others to be durable. A damaged one
/// there is what a crash leaves, and nothing is lost with it.
fn records_end(segment: &[u8]) -> Option<usize> {
    /// Length and checksum.
    const OUTER_BYTES: usize = 8;
    const BATCH: u8 = 2;
    /// A batch without records, feed and source is shorter.
    const WITH_RECORDS_BYTES: usize = 40;
    let (mut at, mut end) = (0, None);
    while let Some(length) = segment.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let next = at + OUTER_BYTES + usize::try_from(u32::from_le_bytes(*length)).unwrap();
        if segment.get(at + OUTER_BYTES) == Some(&BATCH) && next - at > WITH_RECORDS_BYTES {
            end = Some(next);
        }
        at = next;
    }
    end.filter(|end| *end <= segment.len())
}
