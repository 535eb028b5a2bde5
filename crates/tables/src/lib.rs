//! The tables of the lake: Arrow columns, Parquet files, Delta commits.
