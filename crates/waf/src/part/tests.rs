//! Tests of taking requests apart.
