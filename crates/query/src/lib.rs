//! Questions to the lake: SQL, words, views.
