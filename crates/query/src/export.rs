//! Export: what the lake has, as files for others.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use arrow::array::AsArray as _;
use arrow::datatypes::Date32Type;
use jiff::ToSpan as _;
use jiff::civil::Date;
use sekisho_tables::TableName;

use crate::engine::Questions;
use crate::error::QueryError;
use crate::format::{Format, FormatName};
use crate::ocsf;

/// Files that are open at a time; more are closed and opened again.
const FILES_OPEN_MAX: usize = 128;

/// What files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A Parquet file a table and day, with the columns of the table.
    Parquet,
    /// Likewise, JSON lines.
    JsonLines,
    /// OCSF events as JSON lines, in the folders of Amazon Security Lake: by source, region, account and day. Records that tell no event are left out.
    Ocsf,
}

/// What to export.
#[derive(Debug, Clone)]
pub struct Export {
    /// Tables; all if there are none.
    pub tables: Vec<TableName>,
    /// The first and the last day, UTC.
    pub days: (Date, Date),
    /// What files hold.
    pub format: ExportFormat,
    /// Where they go. Files that are there are replaced.
    pub folder: PathBuf,
}

impl Questions {
    /// Writes files. How many rows they have.
    ///
    /// # Errors
    ///
    /// A table cannot be read, or a file written. What was written before stays.
    pub async fn export(&self, export: &Export) -> Result<u64, QueryError> {
        let tables = match export.tables.as_slice() {
            [] => TableName::all().collect(),
            tables => tables.to_vec(),
        };
        let mut rows = 0;
        for table in tables {
            for day in self.days(table, export.days).await? {
                rows += match export.format {
                    ExportFormat::Parquet => self.export_day(table, day, &export.folder, FormatName::Parquet).await?,
                    ExportFormat::JsonLines => {
                        self.export_day(table, day, &export.folder, FormatName::JsonLines).await?
                    }
                    ExportFormat::Ocsf if table == TableName::Quarantine => 0,
                    ExportFormat::Ocsf => self.export_ocsf(table, day, &export.folder).await?,
                };
            }
        }
        Ok(rows)
    }

    /// The days a table has files of.
    async fn days(&self, table: TableName, (from, to): (Date, Date)) -> Result<Vec<Date>, QueryError> {
        let snapshot = self.tables().snapshot(table).await?;
        let days = snapshot.files().iter().filter_map(|file| date(file.day));
        let mut days: Vec<_> = days.filter(|day| (from..=to).contains(day)).collect();
        days.dedup();
        Ok(days)
    }

    async fn export_day(&self, table: TableName, day: Date, to: &Path, format: FormatName) -> Result<u64, QueryError> {
        let ending = if format == FormatName::Parquet { "parquet" } else { "ndjson" };
        let path = to.join(table.as_str()).join(format!("day={day}.{ending}"));
        let file = create(&path)?;
        let mut answer = self.ask(&of_day(table, day)).await?;
        let writer: Box<dyn Format> = format.writer(answer.schema(), BufWriter::new(file), None)?;
        answer.write(writer).await
    }

    async fn export_ocsf(&self, table: TableName, day: Date, to: &Path) -> Result<u64, QueryError> {
        let mut answer = self.ask(&of_day(table, day)).await?;
        let mut files =
            Files { open: HashMap::new(), made: HashSet::new(), name: format!("{}.ndjson", table.as_str()) };
        let mut count = 0;
        while let Some(rows) = answer.next().await {
            let rows = rows?;
            count += rows.num_rows() as u64;
            let days = rows.column_by_name("day").and_then(|days| days.as_primitive_opt::<Date32Type>());
            for row in 0..rows.num_rows() {
                let day = days.and_then(|days| date(days.value(row))).unwrap_or(day);
                let folder = to.join(ocsf::folder(&rows, row, day));
                let line = ocsf::event(table, &rows, row);
                writeln!(files.get(&folder)?, "{line}").map_err(QueryError::write(folder.display().to_string()))?;
            }
        }
        files.close()?;
        Ok(count)
    }
}

fn of_day(table: TableName, day: Date) -> String {
    format!("SELECT * FROM {} WHERE day = DATE '{day}'", table.as_str())
}

fn date(day: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(i64::from(day).days()).ok()
}

fn create(path: &Path) -> Result<File, QueryError> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(path));
    made.map_err(QueryError::write(path.display().to_string()))
}

/// Files that lines are added to.
struct Files {
    open: HashMap<PathBuf, BufWriter<File>>,
    /// Those that were begun by us: they are gone on with, others are replaced.
    made: HashSet<PathBuf>,
    name: String,
}

impl Files {
    fn get(&mut self, folder: &Path) -> Result<&mut BufWriter<File>, QueryError> {
        if self.open.len() >= FILES_OPEN_MAX && !self.open.contains_key(folder) {
            self.close()?;
        }
        match self.open.entry(folder.to_owned()) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                let path = folder.join(&self.name);
                let file = if self.made.insert(folder.to_owned()) {
                    create(&path)?
                } else {
                    let opened = OpenOptions::new().append(true).open(&path);
                    opened.map_err(QueryError::write(path.display().to_string()))?
                };
                Ok(place.insert(BufWriter::new(file)))
            }
        }
    }

    fn close(&mut self) -> Result<(), QueryError> {
        for (folder, mut file) in self.open.drain() {
            file.flush().map_err(QueryError::write(folder.display().to_string()))?;
        }
        Ok(())
    }
}
