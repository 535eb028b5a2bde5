//! How questions are answered.

use std::path::PathBuf;

use crate::function::Countries;

/// What a question may take, and what helps to answer it.
#[derive(Debug, Clone)]
pub struct QuerySettings {
    /// Memory that sorting, grouping and joining may take, in bytes, over all questions at a time.
    pub memory_bytes_max: usize,
    /// How long a question may take, in milliseconds, until its last row.
    pub time_ms_max: u64,
    /// Where what does not fit into memory is written: a folder of the lake. None: such a question fails.
    pub spill: Option<PathBuf>,
    /// How much may be written there, in bytes.
    pub spill_bytes_max: u64,
    /// How many parts of a question run at a time.
    pub threads: usize,
    /// For `ip_country`.
    pub countries: Option<Countries>,
}

impl Default for QuerySettings {
    /// 512 MB and ten minutes on two threads, nothing written.
    fn default() -> Self {
        Self {
            memory_bytes_max: 512 << 20,
            time_ms_max: 600_000,
            spill: None,
            spill_bytes_max: 10 << 30,
            threads: 2,
            countries: None,
        }
    }
}
