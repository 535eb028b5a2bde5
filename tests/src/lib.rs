//! What crosses rooms: end-to-end tests.
