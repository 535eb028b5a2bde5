//! The rules that ship with Sekisho, embedded.
