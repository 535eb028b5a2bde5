//! What must hold after all kills.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sekisho_lake::verify::verify;
use sekisho_lake::{Lake, Place};
use sekisho_seal::VerifyingKey;

use crate::child::{LOG, clock, position, raw, settings};
use crate::rows::rows;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) acknowledged: u64,
    pub(crate) stored: u64,
    pub(crate) files: u64,
    pub(crate) points: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.stored += other.stored;
        self.files += other.files;
        self.points += other.points;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, stored, files, points } = self;
        write!(
            formatter,
            "{acknowledged} records acknowledged, {stored} stored, 0 lost, 0 doubled, in {files} files; {points} kills within a write"
        )
    }
}

/// Opens the lake on a disk that works, and looks at all records.
pub(crate) fn check(folder: &Path, acknowledged: u64, seed: u64) -> Totals {
    let place = Place::folder(folder).unwrap();
    let lake = Lake::open(&place, clock(), &settings()).unwrap();
    let stored = position(&lake);
    assert!(stored >= acknowledged, "seed {seed}: {acknowledged} were acknowledged, {stored} are known");
    assert_eq!(lake.close(), None, "seed {seed}");
    drop(lake);
    let lake = Lake::open(&place, clock(), &settings()).unwrap();
    lake.compact(Duration::ZERO).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut records, files) = runtime.block_on(rows(lake.tables(), LOG));
    records.sort_unstable();
    assert!(records.windows(2).all(|pair| pair[0].0 != pair[1].0), "seed {seed}: an index is there twice");
    let brought: Vec<_> = records.iter().filter(|(_, source, _)| source == "cloudtrail").collect();
    for (number, (index, _, found)) in brought.iter().enumerate() {
        assert_eq!(*found, raw(number as u64), "seed {seed}: record {index}");
    }
    assert_eq!(brought.len() as u64, stored, "seed {seed}: records in the tables");
    assert_eq!(lake.close(), None, "seed {seed}");
    let key = std::fs::read_to_string(folder.join("seal/key.pub")).unwrap();
    let key = VerifyingKey::from_text(key.trim_end()).unwrap();
    let report = runtime.block_on(verify(&place, &key, &(i32::MIN..=i32::MAX)));
    assert!(report.is_good(), "seed {seed}: {:#?}", report.problems);
    assert!(report.records >= stored, "seed {seed}: {report:?}");
    Totals { acknowledged, stored, files, points: 0 }
}
