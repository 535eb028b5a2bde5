//! Questions to the lake: SQL, words, views.

mod backend;
mod catalog;
mod engine;
mod error;
mod export;
mod format;
mod function;
mod grouping;
mod history;
mod lake_table;
mod need;
mod ocsf;
mod progress;
mod read_only;
mod received_hours;
mod saved;
mod search;
mod settings;
mod view;
mod word_files;

pub use backend::Backend;
pub use engine::{Answer, Questions};
pub use error::QueryError;
pub use export::{Export, ExportFormat};
pub use format::{Csv, Format, FormatName, JsonLines, Parquet, Table};
pub use function::{Countries, functions};
pub use history::{Asked, History};
pub use progress::Progress;
pub use saved::Saved;
pub use search::{Finding, Found, Search};
pub use settings::QuerySettings;
