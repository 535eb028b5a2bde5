//! How far a question is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::Statistics;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;
use sekisho_tables::DataFile;

/// How far a question is: what was planned, and what was read of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files of the tables that are asked.
    pub files: u64,
    /// Of these, what is left after `day`, time and record.
    pub files_in_range: u64,
    /// Of these, what is left after the filters of words: these are read.
    pub files_to_read: u64,
    /// Bytes of the files that are read.
    pub bytes_to_read: u64,
    /// Bytes that were read: less, where only some columns and pages are.
    pub bytes_read: u64,
    /// Rows that were read and fit.
    pub rows_read: u64,
}

/// What the tables of a question have planned to read.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    files: AtomicU64,
    in_range: AtomicU64,
    to_read: AtomicU64,
    bytes: AtomicU64,
}

impl Planned {
    pub(crate) fn add(&self, files: usize, in_range: usize, to_read: &[(DataFile, Arc<Statistics>)]) {
        self.files.fetch_add(files as u64, Ordering::Relaxed);
        self.in_range.fetch_add(in_range as u64, Ordering::Relaxed);
        self.to_read.fetch_add(to_read.len() as u64, Ordering::Relaxed);
        self.bytes.fetch_add(to_read.iter().map(|(file, _)| file.bytes).sum(), Ordering::Relaxed);
    }

    /// With what a running plan has counted.
    pub(crate) fn with(&self, plan: Option<&Arc<dyn ExecutionPlan>>) -> Progress {
        let mut progress = Progress {
            files: self.files.load(Ordering::Relaxed),
            files_in_range: self.in_range.load(Ordering::Relaxed),
            files_to_read: self.to_read.load(Ordering::Relaxed),
            bytes_to_read: self.bytes.load(Ordering::Relaxed),
            ..Progress::default()
        };
        let mut open: Vec<_> = plan.into_iter().cloned().collect();
        while let Some(node) = open.pop() {
            let children = node.children();
            if children.is_empty()
                && let Some(metrics) = node.metrics()
            {
                progress.rows_read += metrics.output_rows().unwrap_or(0) as u64;
                let bytes = metrics
                    .sum(|metric| matches!(metric.value(), MetricValue::Count { name, .. } if name == "bytes_scanned"));
                progress.bytes_read += bytes.map_or(0, |bytes| bytes.as_usize()) as u64;
            }
            open.extend(children.into_iter().cloned());
        }
        progress
    }
}
