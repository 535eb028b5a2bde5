//! The lake: from the write-ahead log to sealed tables.
