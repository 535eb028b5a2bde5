//! Questions to the lake: SQL, words, views.

mod catalog;
mod engine;
mod error;
mod function;
mod lake_table;
mod need;
mod progress;
mod read_only;
mod settings;
mod view;
mod word_files;

pub use engine::{Answer, Questions};
pub use error::QueryError;
pub use function::Countries;
pub use progress::Progress;
pub use settings::QuerySettings;
