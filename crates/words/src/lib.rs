//! Words of texts, and the filter of the words a file holds.
