//! Tests of body values.
